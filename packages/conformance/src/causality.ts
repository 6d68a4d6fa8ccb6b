import * as tf from '@tensorflow/tfjs';
import { type SequenceLayout, stepOfPosition } from '@ar-distill/core';

/**
 * The sequence [B, n, C] with other vectors at one AR step: opposite ones, so that the nearest code
 * changes too for teachers that look it up.
 */
export function replaceStep(sequence: tf.Tensor, layout: SequenceLayout, step: number): tf.Tensor {
  const factors = stepOfPosition(layout).map((own) => (own === step ? -1.5 : 1));
  return tf.mul(sequence, tf.tensor3d(factors, [1, factors.length, 1]));
}
