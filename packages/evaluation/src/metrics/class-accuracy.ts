import type { Metric } from '@ar-distill/core';
import { requireLabels, requireLogits } from '../features/measured-inputs';

/** Share of images that the network takes for the class that was asked for. */
export const CLASS_ACCURACY: Metric = {
  name: 'class-accuracy',
  title: 'class accuracy',
  summary: 'share of the images that the network takes for the class that was asked for',
  unit: 'fraction',
  decimals: 1,
  better: 'higher',
  needs: ['logits', 'labels'],
  compute(images) {
    const { data, dimension } = requireLogits(images);
    const correct = requireLabels(images).filter((label, i) => {
      const row = data.subarray(i * dimension, (i + 1) * dimension);
      return row.indexOf(Math.max(...row)) === label;
    });
    return { [this.name]: correct.length / images.count };
  },
};
