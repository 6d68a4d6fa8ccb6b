import type { Metric, MetricReference } from '@ar-distill/core';
import { Manifold } from '../features/manifold';
import { SAMPLE_VECTORS } from '../features/reference-set';
import { spacedRows } from '../features/spaced-rows';
import { pooledFeatures, requireReference } from '../features/measured-inputs';

/** Manifolds are quadratic in their size, and one reference serves many evaluations. */
const manifolds = new WeakMap<MetricReference, Manifold>();

function manifoldOf(reference: MetricReference): Manifold {
  const known = manifolds.get(reference);
  if (known) return known;
  const manifold = new Manifold(reference.features, reference.dimension);
  manifolds.set(reference, manifold);
  return manifold;
}

/** Share of generated images that look real (Kynkäänniemi et al. 2019), of 50,000 at most. */
export const PRECISION: Metric = {
  name: 'precision',
  title: 'precision',
  summary: 'share of the images that lie inside the manifold of real ones (k = 3)',
  unit: 'number',
  decimals: 3,
  better: 'higher',
  needs: ['pool', 'reference'],
  compute(images, reference) {
    const { data, dimension } = pooledFeatures(images);
    const points = spacedRows(data, dimension, SAMPLE_VECTORS);
    return { [this.name]: manifoldOf(requireReference(reference)).coverage(points) };
  },
};
