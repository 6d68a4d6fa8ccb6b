import * as tf from '@tensorflow/tfjs';

/**
 * Scales all gradients by one factor so that their joint L2 norm is at most `maxNorm`; smaller
 * gradients (also all-zero ones) pass unchanged. `norm` is the scalar norm before the scaling.
 */
export function clipByGlobalNorm(
  gradients: Readonly<Record<string, tf.Tensor>>,
  maxNorm: number,
): { readonly gradients: Record<string, tf.Tensor>; readonly norm: tf.Tensor } {
  if (!(maxNorm > 0))
    throw new RangeError(`The maximal gradient norm must be above 0: ${maxNorm}.`);
  const entries = Object.entries(gradients);
  if (entries.length === 0) return { gradients: {}, norm: tf.scalar(0) };
  const norm = tf.sqrt(tf.addN(entries.map(([, gradient]) => tf.sum(tf.square(gradient)))));
  const factor = tf.div(maxNorm, tf.maximum(norm, maxNorm));
  return {
    gradients: Object.fromEntries(
      entries.map(([name, gradient]) => [name, tf.mul(gradient, factor)]),
    ),
    norm,
  };
}
