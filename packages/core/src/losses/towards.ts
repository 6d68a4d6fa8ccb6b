import * as tf from '@tensorflow/tfjs';
import { stopGradient } from '@ar-distill/nn';

/**
 * ½|q − sg(q + step)|² per token, [B, n] from [B, n, C]: a loss whose gradient in q is −step, and which has
 * no other.
 */
export function towards(generated: tf.Tensor, step: tf.Tensor): tf.Tensor {
  const target = stopGradient(tf.add(generated, step));
  return tf.mul(tf.sum(tf.squaredDifference(generated, target), -1), 0.5);
}
