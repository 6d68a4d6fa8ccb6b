import * as tf from '@tensorflow/tfjs';
import type { TaskLoss } from '../optimization/supervised-task';
import { velocityTarget } from '../score/rectified-flow';
import { velocityMatching } from './velocity-matching';

/**
 * The plain diffusion loss |v_ψ(x_t, t | prefix) − (noise − data)|², the ablation of the
 * ground-truth score loss (DD2, Tab. 7). `velocity` and `noise` are [..., B, n, C], with any number
 * of noise draws in front; `data` [B, n, C] broadcasts against them. Sum over channels, mean over
 * everything else.
 */
export function diffusionLoss(predictions: {
  readonly velocity: tf.Tensor;
  readonly data: tf.Tensor;
  readonly noise: tf.Tensor;
}): TaskLoss {
  return velocityMatching(
    predictions.velocity,
    velocityTarget(predictions.data, predictions.noise),
  );
}
