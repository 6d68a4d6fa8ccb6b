import * as tf from '@tensorflow/tfjs';

/**
 * Exponential moving average d · average + (1 − d) · value of every entry of `values`.
 * `decay` is a scalar tensor d in [0, 1]. Throws when an entry has no average.
 */
export function emaUpdate(
  average: Readonly<Record<string, tf.Tensor>>,
  values: Readonly<Record<string, tf.Tensor>>,
  decay: tf.Tensor,
): Record<string, tf.Tensor> {
  const rest = tf.sub(1, decay);
  return Object.fromEntries(
    Object.entries(values).map(([name, value]) => {
      const old = average[name];
      if (!old) throw new Error(`The parameter "${name}" has no moving average to update.`);
      return [name, tf.add(tf.mul(old, decay), tf.mul(value, rest))];
    }),
  );
}
