import { featureStatistics, type FeatureStatistics } from './feature-statistics';
import { frechetDistance } from './frechet-distance';
import type { FeatureVectors } from './measured-inputs';
import { spacedHalves } from './spaced-rows';

/** Fewest images with two halves that have a covariance each. */
const FEWEST = 4;

/**
 * How much of the Fréchet `distance` of N images is there only because they are not more: it is about
 * d∞ + b/N (Chong and Forsyth 2020, arXiv 1911.07023), so that the mean of both halves' distances less
 * it is about b/N. What the finite number of the reference's images adds is not in it. May come out
 * below 0 where chance is larger than the bias; undefined for fewer than 4 images.
 */
export function frechetBias(
  { data, dimension }: FeatureVectors,
  reference: FeatureStatistics,
  distance: number,
): number | undefined {
  if (data.length / dimension < FEWEST) return undefined;
  const [first, second] = spacedHalves(data, dimension).map((half) =>
    frechetDistance(featureStatistics(half, dimension), reference),
  );
  return (first! + second!) / 2 - distance;
}
