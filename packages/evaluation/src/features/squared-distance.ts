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
