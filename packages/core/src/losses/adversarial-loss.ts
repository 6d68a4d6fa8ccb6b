import * as tf from '@tensorflow/tfjs';
import type { TaskLoss } from '../optimization/supervised-task';
import { type StepWeights, weightedMean } from './step-weights';
import { towards } from './towards';

/**
 * Loss of a discriminator with logits D: softplus(−D) over real tokens plus softplus(D) over generated ones
 * (Goodfellow et al. 2014, Eq. 1, with D as logits), each a mean over all axes of its array; the arrays may
 * have any shapes. Its minimiser is D = log p_real − log p_generated of what the discriminator sees.
 * Metrics: `accuracy`, the share that is told right, both kinds counting half; `realLogit` and
 * `generatedLogit`, means of D.
 */
export function discriminatorLoss(logits: {
  readonly real: tf.Tensor;
  readonly generated: tf.Tensor;
}): TaskLoss {
  const { real, generated } = logits;
  const share = (told: tf.Tensor): tf.Tensor => tf.mean(tf.cast(told, 'float32'));
  return {
    loss: tf.add(tf.mean(tf.softplus(tf.neg(real))), tf.mean(tf.softplus(generated))),
    metrics: {
      accuracy: tf.mul(tf.add(share(tf.greater(real, 0)), share(tf.less(generated, 0))), 0.5),
      realLogit: tf.mean(real),
      generatedLogit: tf.mean(generated),
    },
  };
}

/**
 * The generator's non-saturating loss −log σ(D) = softplus(−D) (Goodfellow et al. 2014, section 3) of logits
 * [m, B, n], a mean over draws, batch and positions with the weights of the AR steps.
 */
export function nonSaturatingLoss(logits: tf.Tensor, weights: StepWeights): tf.Tensor {
  return weightedMean(tf.softplus(tf.neg(logits)), weights);
}

/** What score distillation by a density ratio is made from; all of it belongs to the same x_t. */
export interface DensityRatioPredictions {
  /** Generated code vectors q [B, n, C]. */
  readonly generated: tf.Tensor;
  /** ∇_{x_t} D [m, B, n, C], of logits D that estimate log p_real(x_t) − log p_generated(x_t). */
  readonly logitGradient: tf.Tensor;
  /** [m, B, n]. */
  readonly t: tf.Tensor;
}

/**
 * Score distillation without a teacher: ½|q − sg(q + t²·∇D)|², whose gradient in q is −t²·∇D; a mean over
 * draws, batch and positions with the weights of the AR steps. Since ∇D estimates s_real − s_generated, which is
 * (1 − t)/t² · (f_real − f_generated), this is the `dmd` form of `csdLoss` without its normaliser, with
 * the real data's f in place of f_Φ and a factor 1 − t: the weight σ_t² of the scores that DMD has
 * (arXiv 2311.18828, Eq. 7 and 8), bounded at both ends. Metric: `scoreGap`, mean |t²·∇D| per channel.
 */
export function densityRatioLoss(
  { generated, logitGradient, t }: DensityRatioPredictions,
  weights: StepWeights,
): TaskLoss {
  const step = tf.mul(logitGradient, tf.expandDims(tf.square(t), -1));
  return {
    loss: weightedMean(towards(generated, step), weights),
    metrics: { scoreGap: tf.mean(tf.abs(step)) },
  };
}
