/** Squared Euclidean distance of row `i` of `a` to row `j` of `b`, both [N, dimension]. */
export function squaredDistance(
  a: Float32Array,
  i: number,
  b: Float32Array,
  j: number,
  dimension: number,
): number {
  const first = i * dimension;
  const second = j * dimension;
  let sum = 0;
  for (let k = 0; k < dimension; k++) {
    const difference = a[first + k]! - b[second + k]!;
    sum += difference * difference;
  }
  return sum;
}

/** A step of about this share of the rows visits them evenly and in no period of the data's. */
const GOLDEN_RATIO = (Math.sqrt(5) - 1) / 2;

/**
 * At most `limit` of N rows of [N, dimension], spread evenly. Not every k-th one: samples come with
 * their classes in turn, and a stride that shares a factor with the number of classes misses some.
 */
export function spacedRows(features: Float32Array, dimension: number, limit: number): Float32Array {
  const count = features.length / dimension;
  if (count <= limit) return features;
  let step = Math.floor(count * GOLDEN_RATIO);
  while (greatestCommonDivisor(step, count) !== 1) step++;
  const kept = new Float32Array(limit * dimension);
  for (let i = 0, row = 0; i < limit; i++, row = (row + step) % count) {
    kept.set(features.subarray(row * dimension, (row + 1) * dimension), i * dimension);
  }
  return kept;
}

function greatestCommonDivisor(a: number, b: number): number {
  return b === 0 ? a : greatestCommonDivisor(b, a % b);
}
