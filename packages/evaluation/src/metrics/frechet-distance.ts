import type { Metric } from '@ar-distill/core';
import { featureStatistics } from '../features/feature-statistics';
import { frechetBias } from '../features/frechet-bias';
import { frechetDistance } from '../features/frechet-distance';
import { pooledFeatures, requireReference } from '../features/measured-inputs';

/**
 * Distance of the images' features to the reference's, each taken as a Gaussian; of four images or more
 * also what of it is due to their number, see `frechetBias`.
 */
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
    const features = pooledFeatures(images);
    const real = requireReference(reference);
    const distance = frechetDistance(featureStatistics(features.data, features.dimension), real);
    const bias = frechetBias(features, real, distance);
    return {
      [this.name]: distance,
      ...(bias === undefined ? {} : { [`${this.name}.bias`]: bias }),
    };
  },
};
