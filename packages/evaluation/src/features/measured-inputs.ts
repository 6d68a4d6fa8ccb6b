import type { MeasuredImages, MetricReference } from '@ar-distill/core';
import type { HostTensor } from '@ar-distill/program';

/** One vector per image, row-major. */
export interface FeatureVectors {
  /** [count, dimension]. */
  readonly data: Float32Array;
  readonly dimension: number;
}

/** The pooled features. @throws Error when they were not extracted. */
export function pooledFeatures({ features }: MeasuredImages): FeatureVectors {
  return vectors(features.pool, 'pooled features');
}

/** The logits. @throws Error when they were not extracted. */
export function requireLogits({ features }: MeasuredImages): FeatureVectors {
  return vectors(features.logits, 'logits');
}

/** The classes that were asked for. @throws Error when there are none. */
export function requireLabels({ labels }: MeasuredImages): Int32Array {
  if (!labels) throw new Error('This metric needs the classes of the images.');
  return labels;
}

/** What the images are compared with. @throws Error when there is nothing. */
export function requireReference(reference: MetricReference | undefined): MetricReference {
  if (!reference) throw new Error('This metric needs a reference set of real images.');
  return reference;
}

function vectors(tensor: HostTensor | undefined, what: string): FeatureVectors {
  const [, dimension] = tensor?.shape ?? [];
  if (tensor?.dtype !== 'float32' || tensor.shape.length !== 2 || dimension === undefined) {
    throw new Error(`This metric needs the ${what} of the images, [N, values] in float32.`);
  }
  return { data: tensor.data, dimension };
}
