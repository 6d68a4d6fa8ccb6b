import * as tf from '@tensorflow/tfjs';
import {
  attention,
  blockCausalMask,
  geluTanh,
  type Initializer,
  layerNorm,
  layerNormSpecs,
  linear,
  linearSpecs,
  mergeHeads,
  type Parameters,
  type ParameterSpecs,
  prefixed,
  splitHeads,
} from '@ar-distill/nn';
import type { ToyArchitecture } from './architecture';

/** What the weights of the blocks, and what is learned per position, start as. */
export const WEIGHT: Initializer = { kind: 'normal', std: 0.02 };
const MLP_RATIO = 4;

/** A start vector, a vector per position and the embedding of code vectors. */
export function embeddingSpecs({
  width,
  channels,
  length,
}: Record<'width' | 'channels' | 'length', number>): ParameterSpecs {
  return {
    start: { shape: [width], init: WEIGHT },
    position: { shape: [length, width], init: WEIGHT },
    ...prefixed('embed', linearSpecs(channels, width, { kind: 'normal', std: channels ** -0.5 })),
  };
}

/** The parameters of `causalBlocks`. */
export function blockSpecs({
  width,
  depth,
}: Pick<ToyArchitecture, 'width' | 'depth'>): ParameterSpecs {
  return Object.assign(
    {},
    ...Array.from({ length: depth }, (_, i) =>
      prefixed(`blocks.${i}`, {
        ...prefixed('norm1', layerNormSpecs(width)),
        ...prefixed('qkv', linearSpecs(width, 3 * width, WEIGHT)),
        ...prefixed('proj', linearSpecs(width, width, WEIGHT)),
        ...prefixed('norm2', layerNormSpecs(width)),
        ...prefixed('fc1', linearSpecs(width, MLP_RATIO * width, WEIGHT)),
        ...prefixed('fc2', linearSpecs(MLP_RATIO * width, width, WEIGHT)),
      }),
    ),
  );
}

/** Blocks of attention, to itself and to what is before it, and an MLP: `x` [B, T, D] → [B, T, D]. */
export function causalBlocks(
  { width, depth, heads }: Pick<ToyArchitecture, 'width' | 'depth' | 'heads'>,
  parameters: Parameters,
  x: tf.Tensor,
): tf.Tensor {
  const steps = Array.from({ length: x.shape[1]! }, (_, position) => position);
  const mask = blockCausalMask(steps, steps);
  let hidden = x;
  for (let i = 0; i < depth; i++) {
    const block = `blocks.${i}`;
    const qkv = linear(parameters, `${block}.qkv`, layerNorm(parameters, `${block}.norm1`, hidden));
    const [q, k, v] = tf.split(qkv, 3, -1).map((part) => splitHeads(part, heads));
    const attended = attention(q!, k!, v!, { scale: (width / heads) ** -0.5, mask });
    hidden = hidden.add(linear(parameters, `${block}.proj`, mergeHeads(attended, heads)));
    const normalized = layerNorm(parameters, `${block}.norm2`, hidden);
    const expanded = geluTanh(linear(parameters, `${block}.fc1`, normalized));
    hidden = hidden.add(linear(parameters, `${block}.fc2`, expanded));
  }
  return hidden;
}
