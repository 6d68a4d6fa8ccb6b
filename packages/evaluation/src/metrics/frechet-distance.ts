import type { Metric } from '@ar-distill/core';
import { featureStatistics } from '../features/feature-statistics';
import { frechetDistance } from '../features/frechet-distance';
import { pooledFeatures, requireReference } from '../features/measured-inputs';

/** Distance of the images' features to the reference's, each taken as a Gaussian. */
export const FRECHET_DISTANCE: Metric = {
  name: 'frechet-distance',
  title: 'Fréchet distance',
  summary:
    'distance of the features of the images to those of real ones; only values of the same number of images compare',
  unit: 'number',
  decimals: 2,
  better: 'lower',
  needs: ['pool', 'reference'],
  // A covariance.
  fewestImages: () => 2,
  compute(images, reference) {
    const { data, dimension } = pooledFeatures(images);
    const statistics = featureStatistics(data, dimension);
    return { [this.name]: frechetDistance(statistics, requireReference(reference)) };
  },
};
