import { EigenvalueDecomposition, Matrix } from 'ml-matrix';
import { featureStatistics } from './feature-statistics';

/**
 * Orthonormal directions [count, dimension] in which `features` [N, dimension] differ most, the first one
 * most of all; at most `dimension` of them.
 */
export function principalDirections(
  features: Float32Array,
  dimension: number,
  count: number,
): readonly Float64Array[] {
  const { covariance } = featureStatistics(features, dimension);
  const { eigenvectorMatrix, realEigenvalues } = new EigenvalueDecomposition(
    Matrix.from1DArray(dimension, dimension, Array.from(covariance)),
    { assumeSymmetric: true },
  );
  return [...realEigenvalues.keys()]
    .sort((a, b) => realEigenvalues[b]! - realEigenvalues[a]!)
    .slice(0, count)
    .map((column) => Float64Array.from(eigenvectorMatrix.getColumn(column)));
}

/** `features` [N, dimension] along each of the directions, [N, directions]. */
export function projected(
  features: Float32Array,
  dimension: number,
  directions: readonly Float64Array[],
): Float64Array {
  const count = features.length / dimension;
  const result = new Float64Array(count * directions.length);
  for (let row = 0; row < count; row++) {
    for (const [at, direction] of directions.entries()) {
      let sum = 0;
      for (let k = 0; k < dimension; k++) sum += direction[k]! * features[row * dimension + k]!;
      result[row * directions.length + at] = sum;
    }
  }
  return result;
}
