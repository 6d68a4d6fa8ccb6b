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

/** At most `limit` of N rows of [N, dimension], evenly spaced, so that ordered sets stay balanced. */
export function spacedRows(features: Float32Array, dimension: number, limit: number): Float32Array {
  const count = features.length / dimension;
  if (count <= limit) return features;
  const kept = new Float32Array(limit * dimension);
  for (let i = 0; i < limit; i++) {
    const row = Math.floor((i * count) / limit) * dimension;
    kept.set(features.subarray(row, row + dimension), i * dimension);
  }
  return kept;
}
