import {
  affineMap,
  attention,
  geluTanh,
  l2Normalize,
  linear,
  mergeHeads,
  modulate,
  normalize,
  parameter,
  splitHeads,
  type KeysAndValues,
  type Parameters,
} from '@ar-distill/nn';
import * as tf from '@tensorflow/tfjs';
import type { VarArchitecture } from '../architecture';

const EPSILON = 1e-6;
const MAX_LOG_SCALE = Math.log(100);

/** What adaLN reads: silu(class embedding) [B, D], and [B, 1, 6, D] when one layer serves all blocks. */
export interface Condition {
  readonly activated: tf.Tensor;
  readonly shared?: tf.Tensor;
}

/** Scores added by the mask, or the earlier positions; neither lets every position see all others. */
export interface BlockContext {
  readonly mask?: tf.Tensor;
  readonly cache?: KeysAndValues;
  /** [B, T, D]; added between attention and MLP. */
  readonly added?: tf.Tensor;
}

/** One `AdaLNSelfAttn` block (basic_var.py) on `x` [B, T, D], and its cache after these positions. */
export function transformerBlock(
  architecture: VarArchitecture,
  parameters: Parameters,
  index: number,
  x: tf.Tensor,
  condition: Condition,
  context: BlockContext,
): { readonly output: tf.Tensor; readonly cache: KeysAndValues } {
  const prefix = `blocks.${index}`;
  const [gate1, gate2, scale1, scale2, shift1, shift2] = modulation(parameters, prefix, condition);
  const attended = selfAttention(
    architecture,
    parameters,
    `${prefix}.attn`,
    modulate(normalize(x, EPSILON), shift1, scale1),
    context,
  );
  const attendedTo = x.add(attended.output.mul(gate1));
  const middle = context.added ? attendedTo.add(context.added) : attendedTo;
  const hidden = linear(
    parameters,
    `${prefix}.ffn.fc1`,
    modulate(normalize(middle, EPSILON), shift2, scale2),
  );
  const output = middle.add(linear(parameters, `${prefix}.ffn.fc2`, geluTanh(hidden)).mul(gate2));
  return { output, cache: attended.cache };
}

/** The norm before the classifier or the diffusion head (`AdaLNBeforeHead`). */
export function finalNorm(parameters: Parameters, x: tf.Tensor, condition: Condition): tf.Tensor {
  const modulation = linear(parameters, 'head_nm.ada_lin.1', condition.activated).expandDims(1);
  const [scale, shift] = tf.split(modulation, 2, 2) as [tf.Tensor, tf.Tensor];
  return modulate(normalize(x, EPSILON), shift, scale);
}

type Six = [tf.Tensor, tf.Tensor, tf.Tensor, tf.Tensor, tf.Tensor, tf.Tensor];

/** γ₁, γ₂, scale₁, scale₂, shift₁, shift₂, each [B, 1, D]. */
function modulation(parameters: Parameters, prefix: string, condition: Condition): Six {
  const { shared, activated } = condition;
  if (shared) {
    return parameter(parameters, `${prefix}.ada_gss`).add(shared).unstack(2) as Six;
  }
  const all = linear(parameters, `${prefix}.ada_lin.1`, activated).expandDims(1);
  return tf.split(all, 6, 2) as Six;
}

function selfAttention(
  { heads, width, attnL2Norm }: VarArchitecture,
  parameters: Parameters,
  prefix: string,
  x: tf.Tensor,
  { mask, cache }: BlockContext,
): { readonly output: tf.Tensor; readonly cache: KeysAndValues } {
  const bias = tf.concat([
    parameter(parameters, `${prefix}.q_bias`) as tf.Tensor1D,
    tf.zeros([width]) as tf.Tensor1D,
    parameter(parameters, `${prefix}.v_bias`) as tf.Tensor1D,
  ]);
  const qkv = affineMap(x, parameter(parameters, `${prefix}.mat_qkv.weight`), bias);
  // Split is differentiated as one concat; slices would be padded and summed.
  const [q, k, v] = tf.split(qkv, 3, 2).map((part) => splitHeads(part, heads)) as [
    tf.Tensor,
    tf.Tensor,
    tf.Tensor,
  ];
  const queries = attnL2Norm ? scaleHeads(parameters, prefix, l2Normalize(q), heads) : q;
  const newKeys = attnL2Norm ? l2Normalize(k) : k;
  const keys = cache ? tf.concat([cache.keys, newKeys], 1) : newKeys;
  const values = cache ? tf.concat([cache.values, v], 1) : v;
  const scale = attnL2Norm ? 1 : 0.25 / Math.sqrt(width / heads);
  const merged = mergeHeads(
    attention(queries, keys, values, { scale, ...(mask ? { mask } : {}) }),
    heads,
  );
  return { output: linear(parameters, `${prefix}.proj`, merged), cache: { keys, values } };
}

/** Multiplies `q` [B·H, T, d] by exp(min(scale_mul, ln 100)) of its head. */
function scaleHeads(
  parameters: Parameters,
  prefix: string,
  q: tf.Tensor,
  heads: number,
): tf.Tensor {
  const [rows, length, size] = q.shape as [number, number, number];
  const scale = parameter(parameters, `${prefix}.scale_mul_1H11`).minimum(MAX_LOG_SCALE).exp();
  return q
    .reshape([rows / heads, heads, length, size])
    .mul(scale)
    .reshape([rows, length, size]);
}
