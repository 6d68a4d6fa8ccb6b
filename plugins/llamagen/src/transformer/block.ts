import {
  attention,
  linear,
  mergeHeads,
  rmsNorm,
  rotateChannelPairs,
  silu,
  splitHeads,
  type KeysAndValues,
  type Parameters,
} from '@ar-distill/nn';
import * as tf from '@tensorflow/tfjs';
import type { LlamagenArchitecture } from '../architecture';
import type { RotaryTable } from './rotary-table';

/** Where the positions of a block's input are, and what they see. */
export interface BlockContext {
  /** Rotary rows of these positions, [T, d]. */
  readonly rotary: RotaryTable;
  /**
   * Additive, [1, G·T, keys] for G = heads / keyValueHeads: the T queries of one head after those
   * of another.
   */
  readonly mask: tf.Tensor;
  /** Puts the new keys and values among the earlier ones; without it they are all there is. */
  readonly merge?: (layer: number, own: KeysAndValues) => KeysAndValues;
}

/** One `TransformerBlock` (gpt.py) on `x` [B, T, D]. */
export function transformerBlock(
  architecture: LlamagenArchitecture,
  parameters: Parameters,
  layer: number,
  x: tf.Tensor,
  context: BlockContext,
): tf.Tensor {
  const { normEpsilon } = architecture;
  const prefix = `layers.${layer}`;
  const normalized = rmsNorm(parameters, `${prefix}.attention_norm`, x, normEpsilon);
  const middle = x.add(selfAttention(architecture, parameters, layer, normalized, context));
  const input = rmsNorm(parameters, `${prefix}.ffn_norm`, middle, normEpsilon);
  return middle.add(swiGlu(parameters, `${prefix}.feed_forward`, input));
}

/** w2·(silu(w1·x) ∘ w3·x). */
function swiGlu(parameters: Parameters, prefix: string, x: tf.Tensor): tf.Tensor {
  const gate = silu(linear(parameters, `${prefix}.w1`, x));
  return linear(parameters, `${prefix}.w2`, gate.mul(linear(parameters, `${prefix}.w3`, x)));
}

function selfAttention(
  architecture: LlamagenArchitecture,
  parameters: Parameters,
  layer: number,
  x: tf.Tensor,
  { rotary, mask, merge }: BlockContext,
): tf.Tensor {
  const { width, heads, keyValueHeads = heads } = architecture;
  const size = width / heads;
  const keyValueWidth = size * keyValueHeads;
  const prefix = `layers.${layer}.attention`;
  const [q, k, v] = tf.split(
    linear(parameters, `${prefix}.wqkv`, x),
    [width, keyValueWidth, keyValueWidth],
    2,
  ) as [tf.Tensor, tf.Tensor, tf.Tensor];
  const rotate = (vectors: tf.Tensor): tf.Tensor =>
    rotateChannelPairs(vectors, rotary.cos, rotary.sin);
  const own = {
    keys: rotate(splitHeads(k, keyValueHeads)),
    values: splitHeads(v, keyValueHeads),
  };
  const { keys, values } = merge ? merge(layer, own) : own;
  const queries = rotate(splitHeads(q, heads));
  // Heads that share keys are neighbours: their queries become further rows of one product, so keys
  // and values are never repeated.
  const [rows, length] = queries.shape as [number, number, number];
  const groups = heads / keyValueHeads;
  const attended = attention(
    queries.reshape([rows / groups, groups * length, size]),
    keys,
    values,
    {
      scale: size ** -0.5,
      mask,
    },
  );
  const merged = mergeHeads(attended.reshape([rows, length, size]), heads);
  return linear(parameters, `${prefix}.wo`, merged);
}
