import { firstNonFinite } from '@ar-distill/core/sampling';

/** Mean and covariance of N feature vectors, in double precision. */
export interface FeatureStatistics {
  readonly count: number;
  readonly dimension: number;
  /** [dimension]. */
  readonly mean: Float64Array;
  /** [dimension, dimension], unbiased (divided by N − 1), row-major. */
  readonly covariance: Float64Array;
}

/**
 * Statistics of `features` [N, dimension], row-major.
 * @throws RangeError with fewer than two vectors, a length that does not fit, or values that are
 * not finite.
 */
export function featureStatistics(features: Float32Array, dimension: number): FeatureStatistics {
  const count = features.length / dimension;
  if (!Number.isInteger(count) || count < 2) {
    throw new RangeError(
      `${features.length} values are not two or more vectors of ${dimension} features.`,
    );
  }
  const broken = firstNonFinite(features);
  if (broken >= 0) {
    throw new RangeError(
      `Feature ${broken % dimension} of vector ${Math.floor(broken / dimension)} is ` +
        `${features[broken]}: look for images or weights that hold NaN or infinity.`,
    );
  }
  const mean = new Float64Array(dimension);
  for (let n = 0; n < count; n++) {
    for (let i = 0; i < dimension; i++) mean[i]! += features[n * dimension + i]!;
  }
  for (let i = 0; i < dimension; i++) mean[i]! /= count;
  const covariance = new Float64Array(dimension * dimension);
  const centred = new Float64Array(dimension);
  for (let n = 0; n < count; n++) {
    for (let i = 0; i < dimension; i++) centred[i] = features[n * dimension + i]! - mean[i]!;
    for (let i = 0; i < dimension; i++) {
      const value = centred[i]!;
      for (let j = i; j < dimension; j++) covariance[i * dimension + j]! += value * centred[j]!;
    }
  }
  for (let i = 0; i < dimension; i++) {
    for (let j = i; j < dimension; j++) {
      const value = covariance[i * dimension + j]! / (count - 1);
      covariance[i * dimension + j] = value;
      covariance[j * dimension + i] = value;
    }
  }
  return { count, dimension, mean, covariance };
}
