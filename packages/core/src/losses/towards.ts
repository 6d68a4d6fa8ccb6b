import * as tf from '@tensorflow/tfjs';
import { stopGradient } from '@ar-distill/nn';

/**
 * ½|q − sg(q + step)|² per token, [..., n] from q [B, n, C] and steps [..., n, C]: a loss whose gradient in q is −step,
 * and which has no other.
 */
export function towards(generated: tf.Tensor, step: tf.Tensor): tf.Tensor {
  const target = stopGradient(tf.add(generated, step));
  // The gradient of tf.squaredDifference does not sum over draws that q is broadcast to.
  return tf.mul(tf.sum(tf.square(tf.sub(generated, target)), -1), 0.5);
}
