import { printableLine } from '@ar-distill/core';

/**
 * Where results are, a line for each: names of folders may hold what would begin another line.
 * @param places by what stands there.
 */
export function placeLines(places: Readonly<Record<string, string>>): string {
  return Object.entries(places)
    .map(([what, place]) => `${what}: ${printableLine(place)}\n`)
    .join('');
}
