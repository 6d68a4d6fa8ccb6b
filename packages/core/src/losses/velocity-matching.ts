import * as tf from '@tensorflow/tfjs';
import type { TaskLoss } from '../optimization/supervised-task';

/**
 * |velocity − target|² summed over channels, averaged over all other axes. The metric
 * `relativeError` divides it by the same mean of |target|²: 1 is what predicting zero costs.
 */
export function velocityMatching(velocity: tf.Tensor, target: tf.Tensor): TaskLoss {
  const loss = tf.mean(tf.sum(tf.squaredDifference(velocity, target), -1));
  const targetPower = tf.mean(tf.sum(tf.square(target), -1));
  return { loss, metrics: { relativeError: tf.div(loss, tf.maximum(targetPower, 1e-12)) } };
}
