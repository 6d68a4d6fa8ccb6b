import {
  attention,
  geluTanh,
  type Initializer,
  joinSpecs,
  layerNorm,
  layerNormSpecs,
  linear,
  linearSpecs,
  mergeHeads,
  type Parameters,
  type ParameterSpecs,
  splitHeads,
} from '@ar-distill/nn';
import * as tf from '@tensorflow/tfjs';

/** What weights of the blocks start as; biases start at 0. */
export const TRANSFORMER_WEIGHT: Initializer = { kind: 'normal', std: 0.02 };
const MLP_RATIO = 4;

/** Sizes of `transformerBlocks`. */
export interface TransformerSizes {
  /** D; the heads divide it. */
  readonly width: number;
  /** Number of blocks. */
  readonly depth: number;
  readonly heads: number;
}

/** The parameters of `transformerBlocks`, below `blocks.`. */
export function transformerBlockSpecs({
  width,
  depth,
}: Pick<TransformerSizes, 'width' | 'depth'>): ParameterSpecs {
  const layer = (inputs: number, outputs: number) =>
    linearSpecs(inputs, outputs, TRANSFORMER_WEIGHT);
  return joinSpecs(
    Object.fromEntries(
      Array.from({ length: depth }, (_, i) => [
        `blocks.${i}`,
        joinSpecs({
          norm1: layerNormSpecs(width),
          qkv: layer(width, 3 * width),
          proj: layer(width, width),
          norm2: layerNormSpecs(width),
          fc1: layer(width, MLP_RATIO * width),
          fc2: layer(MLP_RATIO * width, width),
        }),
      ]),
    ),
  );
}

/**
 * Pre-norm blocks of self-attention and an MLP: `x` [B, T, D] → [B, T, D]. Every position sees all, or what
 * the additive `mask` [1, T, T] leaves (`blockCausalMask` of nn).
 */
export function transformerBlocks(
  { width, depth, heads }: TransformerSizes,
  parameters: Parameters,
  x: tf.Tensor,
  mask?: tf.Tensor,
): tf.Tensor {
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

/** All positions but the last one, which no other position reads: [B, n, ...] → [B, n − 1, ...]. */
export function withoutLast(sequence: tf.Tensor): tf.Tensor {
  const [batch, length, ...rest] = sequence.shape as [number, number, ...number[]];
  return sequence.slice([0, 0, ...rest.map(() => 0)], [batch, length - 1, ...rest]);
}
