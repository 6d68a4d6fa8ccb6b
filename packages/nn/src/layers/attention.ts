import * as tf from '@tensorflow/tfjs';

/** [B, T, H·d] → [B·H, T, d]: one matrix per sequence and head. */
export function splitHeads(x: tf.Tensor, heads: number): tf.Tensor {
  const [batch, length, width] = x.shape as [number, number, number];
  return x
    .reshape([batch, length, heads, width / heads])
    .transpose([0, 2, 1, 3])
    .reshape([batch * heads, length, width / heads]);
}

/** Inverse of `splitHeads`: [B·H, T, d] → [B, T, H·d]. */
export function mergeHeads(x: tf.Tensor, heads: number): tf.Tensor {
  const [rows, length, size] = x.shape as [number, number, number];
  return x
    .reshape([rows / heads, heads, length, size])
    .transpose([0, 2, 1, 3])
    .reshape([rows / heads, length, heads * size]);
}

/** Keys and values of the positions read so far, one matrix per sequence and head: [R, T, d]. */
export interface KeysAndValues {
  readonly keys: tf.Tensor;
  readonly values: tf.Tensor;
}

/**
 * softmax(q·kᵀ·scale + mask)·v per row of the leading axis: `q` [R, Tq, d], `k`, `v` [R, Tk, d].
 * `mask` is additive and broadcasts to [R, Tq, Tk]; use a large negative finite number to hide keys.
 */
export function attention(
  q: tf.Tensor,
  k: tf.Tensor,
  v: tf.Tensor,
  { scale = 1, mask }: { readonly scale?: number; readonly mask?: tf.Tensor } = {},
): tf.Tensor {
  const scaled = scale === 1 ? q : q.mul(scale);
  const scores = tf.matMul(scaled, k, false, true);
  return tf.matMul(tf.softmax(mask ? scores.add(mask) : scores), v);
}

/** Score added to keys that a query must not see: their weight underflows to exactly 0. */
export const MASKED_SCORE = -1e9;

/**
 * Additive mask [1, Tq, Tk] (row-major values) where the query in group a sees the keys of groups
 * ≤ a: block-causal for groups of several positions, causal for groups of one.
 */
export function blockCausalMask(
  queryGroups: readonly number[],
  keyGroups: readonly number[],
): tf.Tensor {
  const values = queryGroups.flatMap((query) =>
    keyGroups.map((key) => (key <= query ? 0 : MASKED_SCORE)),
  );
  return tf.tensor3d(values, [1, queryGroups.length, keyGroups.length], 'float32');
}

/**
 * Additive mask [1, T, T] (row-major values) where a position sees itself and the positions of groups
 * before its own: `groups` [T].
 */
export function earlierGroupsMask(groups: readonly number[]): tf.Tensor {
  const values = groups.flatMap((own, query) =>
    groups.map((other, key) => (key === query || other < own ? 0 : MASKED_SCORE)),
  );
  return tf.tensor3d(values, [1, groups.length, groups.length], 'float32');
}
