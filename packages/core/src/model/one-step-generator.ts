import type * as tf from '@tensorflow/tfjs';
import type { Parameters } from '@ar-distill/nn';
import type { SequenceLayout } from './sequence-layout';

/** G_θ: a whole sequence from noise in one network evaluation. */
export abstract class OneStepGenerator {
  abstract readonly layout: SequenceLayout;

  /** `noise` [B, n, C] ~ N(0, I), `labels` [B] int32 → continuous code vectors q [B, n, C], scaled. */
  abstract generate(parameters: Parameters, noise: tf.Tensor, labels: tf.Tensor): tf.Tensor;
}
