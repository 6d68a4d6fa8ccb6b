import type { Metric } from '@ar-distill/core';
import { classDiversity, withinClassDistances } from '../features/class-diversity';
import { pooledFeatures, requireLabels, requireReference } from '../features/measured-inputs';

/** How different the images of a class are, against real ones; the lowest class is named as well. */
export const DIVERSITY: Metric = {
  name: 'diversity',
  title: 'diversity',
  summary:
    'mean distance of two images of a class, as a share of that of real ones; far below 1 is mode collapse',
  unit: 'number',
  decimals: 3,
  better: 'higher',
  needs: ['pool', 'labels', 'reference'],
  // Two of some class.
  fewestImages: (classes) => classes + 1,
  compute(images, reference) {
    const real = requireReference(reference).withinClass;
    const own = withinClassDistances(
      pooledFeatures(images).data,
      requireLabels(images),
      real.length,
    );
    const { mean, lowest, lowestClass } = classDiversity(own, real);
    return {
      [this.name]: mean,
      [`${this.name}.lowest`]: lowest,
      [`${this.name}.lowestClass`]: lowestClass,
    };
  },
};
