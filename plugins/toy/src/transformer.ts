import {
  TRANSFORMER_WEIGHT,
  transformerBlocks,
  type TransformerSizes,
} from '@ar-distill/backbone-kit';
import {
  blockCausalMask,
  linearSpecs,
  type Parameters,
  type ParameterSpecs,
  prefixed,
} from '@ar-distill/nn';
import type * as tf from '@tensorflow/tfjs';

/** A start vector, a vector per position and the embedding of code vectors. */
export function embeddingSpecs({
  width,
  channels,
  length,
}: Record<'width' | 'channels' | 'length', number>): ParameterSpecs {
  return {
    start: { shape: [width], init: TRANSFORMER_WEIGHT },
    position: { shape: [length, width], init: TRANSFORMER_WEIGHT },
    ...prefixed('embed', linearSpecs(channels, width, { kind: 'normal', std: channels ** -0.5 })),
  };
}

/** `transformerBlocks` in which a position sees itself and what is before it: `x` [B, T, D] → [B, T, D]. */
export function causalBlocks(
  sizes: TransformerSizes,
  parameters: Parameters,
  x: tf.Tensor,
): tf.Tensor {
  const steps = Array.from({ length: x.shape[1]! }, (_, position) => position);
  return transformerBlocks(sizes, parameters, x, blockCausalMask(steps, steps));
}
