import type { Metric } from '@ar-distill/core';
import { Manifold, MANIFOLD_NEIGHBOURS } from '../features/manifold';
import { SAMPLE_VECTORS } from '../features/reference-set';
import { spacedRows } from '../features/spaced-rows';
import { pooledFeatures, requireReference } from '../features/measured-inputs';

/** Share of real images that could have been generated (Kynkäänniemi et al. 2019), of 10,000 at most. */
export const RECALL: Metric = {
  name: 'recall',
  title: 'recall',
  summary: 'share of real images that lie inside the manifold of these (k = 3)',
  unit: 'number',
  decimals: 3,
  better: 'higher',
  needs: ['pool', 'reference'],
  fewestImages: () => MANIFOLD_NEIGHBOURS + 1,
  compute(images, reference) {
    const { data, dimension } = pooledFeatures(images);
    const real = requireReference(reference).features;
    const manifold = new Manifold(spacedRows(data, dimension, SAMPLE_VECTORS), dimension);
    return { [this.name]: manifold.coverage(real) };
  },
};
