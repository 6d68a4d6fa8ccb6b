import { closestMatch } from 'leven';

/**
 * The name that `word` was probably meant to be, whatever its case: the one with the fewest edits, if
 * they are at most two fifths of its length (one is always allowed).
 */
export function nearestName(word: string, names: readonly string[]): string | undefined {
  const lowered = names.map((name) => name.toLowerCase());
  const nearest = closestMatch(word.toLowerCase(), lowered, {
    maxDistance: Math.max(1, Math.floor(0.4 * word.length)),
  });
  return nearest === undefined ? undefined : names[lowered.indexOf(nearest)];
}
