import { closestMatch } from 'leven';

/**
 * The name that `word` was probably meant to be, whatever its case: one in which two neighbouring letters
 * have changed places, else the one with the fewest edits, if they are at most two fifths of its length
 * (one is always allowed).
 */
export function nearestName(word: string, names: readonly string[]): string | undefined {
  const asked = word.toLowerCase();
  const lowered = names.map((name) => name.toLowerCase());
  const nearest =
    lowered.find((name) => name === asked) ??
    lowered.find((name) => isSwapped(asked, name)) ??
    closestMatch(asked, lowered, { maxDistance: Math.max(1, Math.floor(0.4 * word.length)) });
  return nearest === undefined ? undefined : names[lowered.indexOf(nearest)];
}

/** Whether words differ in nothing but two neighbouring letters that have changed places. */
function isSwapped(a: string, b: string): boolean {
  const at = [...a].findIndex((letter, i) => letter !== b[i]);
  return at >= 0 && a.slice(0, at) + a.charAt(at + 1) + a.charAt(at) + a.slice(at + 2) === b;
}
