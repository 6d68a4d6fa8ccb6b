import type * as tf from '@tensorflow/tfjs';
import type { TaskLoss } from '../optimization/supervised-task';
import { denoisedToVelocity } from '../score/rectified-flow';
import { velocityMatching } from './velocity-matching';

/**
 * GTS, the ground-truth score loss in velocity form (DD2, Eq. 6):
 * |v_ψ(x_t, t | prefix) − v_Φ(x_t, t | prefix)|², with the teacher's velocity made from its denoised
 * prediction. All arrays are [..., B, n, C], `t` [..., B, n] with t > 0. Sum over channels, mean
 * over everything else.
 */
export function gtsLoss(predictions: {
  readonly velocity: tf.Tensor;
  readonly teacherDenoised: tf.Tensor;
  readonly xT: tf.Tensor;
  readonly t: tf.Tensor;
}): TaskLoss {
  const { velocity, teacherDenoised, xT, t } = predictions;
  return velocityMatching(velocity, denoisedToVelocity(teacherDenoised, xT, t));
}
