/** A step of about this share of the rows visits them evenly and in no period of the data's. */
const GOLDEN_RATIO = (Math.sqrt(5) - 1) / 2;

/**
 * At most `limit` of N rows of [N, dimension], spread evenly. Not every k-th one: samples come with
 * their classes in turn, and a stride that shares a factor with the number of classes misses some.
 */
export function spacedRows(features: Float32Array, dimension: number, limit: number): Float32Array {
  const count = features.length / dimension;
  if (count <= limit) return features;
  return rowsOf(features, dimension, spacedOrder(count).subarray(0, limit));
}

/** Two halves of N rows of [N, dimension], each spread evenly; of an odd number one is left out. */
export function spacedHalves(
  features: Float32Array,
  dimension: number,
): readonly [Float32Array, Float32Array] {
  const order = spacedOrder(features.length / dimension);
  const half = order.length >> 1;
  return [
    rowsOf(features, dimension, order.subarray(0, half)),
    rowsOf(features, dimension, order.subarray(half, 2 * half)),
  ];
}

/** 0 … count − 1, any number of which from the start are spread evenly. */
function spacedOrder(count: number): Uint32Array {
  let step = Math.floor(count * GOLDEN_RATIO);
  while (greatestCommonDivisor(step, count) !== 1) step++;
  const order = new Uint32Array(count);
  for (let i = 0, row = 0; i < count; i++, row = (row + step) % count) order[i] = row;
  return order;
}

function rowsOf(features: Float32Array, dimension: number, rows: Uint32Array): Float32Array {
  const kept = new Float32Array(rows.length * dimension);
  rows.forEach((row, i) =>
    kept.set(features.subarray(row * dimension, (row + 1) * dimension), i * dimension),
  );
  return kept;
}

function greatestCommonDivisor(a: number, b: number): number {
  return b === 0 ? a : greatestCommonDivisor(b, a % b);
}
