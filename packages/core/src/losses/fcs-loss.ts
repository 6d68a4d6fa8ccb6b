import type * as tf from '@tensorflow/tfjs';
import type { TaskLoss } from '../optimization/supervised-task';
import { diffusionLoss } from './diffusion-loss';

/**
 * FCS, the fake conditional score loss (DD2, Eq. 5): the diffusion loss on GENERATED sequences, so
 * that the guidance network follows the generator's distribution. `generated` [B, n, C] is a
 * constant here; `noise` and the predicted `velocity` are [m, B, n, C] for m draws per token.
 */
export function fcsLoss(predictions: {
  readonly velocity: tf.Tensor;
  readonly generated: tf.Tensor;
  readonly noise: tf.Tensor;
}): TaskLoss {
  const { velocity, generated, noise } = predictions;
  return diffusionLoss({ velocity, data: generated, noise });
}
