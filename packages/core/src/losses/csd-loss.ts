import * as tf from '@tensorflow/tfjs';
import { stopGradient } from '@ar-distill/nn';
import type { TaskLoss } from '../optimization/supervised-task';
import { type StepWeights, weightedMean } from './step-weights';
import { towards } from './towards';

/** Form of the conditional score distillation loss. */
export interface CsdOptions extends StepWeights {
  readonly objective: 'sid' | 'dmd';
  /** α of the SiD form. */
  readonly alpha: number;
  /** ω is one over the mean |q − f_Φ| of the whole sample, of the token, or is 1. */
  readonly normalizer: 'sample' | 'token' | 'none';
}

/**
 * Both predictions are made from the same x_t, t and noise, m draws per token, and conditioned on a constant
 * prefix.
 */
export interface CsdPredictions {
  /** Generated code vectors q [B, n, C]. */
  readonly generated: tf.Tensor;
  /** f_Φ [m, B, n, C], the teacher's E[x_0 | x_t]. */
  readonly teacherDenoised: tf.Tensor;
  /** f_ψ [m, B, n, C], the guidance network's. */
  readonly guidanceDenoised: tf.Tensor;
}

/** Smallest normaliser, as in SiD's code. */
const MIN_NORMALIZER = 1e-5;

/**
 * CSD, the generator's loss (DD2, Eq. 3 and 4): mean over draws, batch and positions of
 * - `sid`: ω·(f_Φ − f_ψ)ᵀ[(f_Φ − q) − α(f_Φ − f_ψ)]; the gradient flows through q, and through both
 *   predictions to the x_t that they were made from;
 * - `dmd`: ½|q − sg(q − ω(f_ψ − f_Φ))|²; its gradient in q is ω(f_ψ − f_Φ), predictions are constants;
 *
 * times the weight of the AR step. The normaliser ω never carries a gradient. Metrics: `scoreGap`,
 * mean |f_Φ − f_ψ| per channel; `teacherDistance`, mean |q − f_Φ| per channel.
 */
export function csdLoss(predictions: CsdPredictions, options: CsdOptions): TaskLoss {
  const { generated, teacherDenoised, guidanceDenoised } = predictions;
  const gap = tf.sub(teacherDenoised, guidanceDenoised);
  const distance = stopGradient(tf.abs(tf.sub(generated, teacherDenoised)));
  const inverseNormalizer = inverseNormalizers(distance, options.normalizer);

  let perToken: tf.Tensor;
  if (options.objective === 'sid') {
    const residual = tf.sub(tf.sub(teacherDenoised, generated), tf.mul(gap, options.alpha));
    const products = tf.sum(tf.mul(gap, residual), -1);
    perToken = inverseNormalizer ? tf.mul(products, inverseNormalizer) : products;
  } else {
    const step = inverseNormalizer ? tf.mul(gap, tf.expandDims(inverseNormalizer, -1)) : gap;
    perToken = towards(generated, step);
  }
  return {
    loss: weightedMean(perToken, options),
    metrics: { scoreGap: tf.mean(tf.abs(gap)), teacherDistance: tf.mean(distance) },
  };
}

/** ω per token, [m, B, n] or [m, B, 1]; undefined when it is 1 everywhere. */
function inverseNormalizers(
  distance: tf.Tensor,
  normalizer: CsdOptions['normalizer'],
): tf.Tensor | undefined {
  if (normalizer === 'none') return undefined;
  const perToken = tf.mean(distance, -1);
  const means = normalizer === 'token' ? perToken : tf.mean(perToken, -1, true);
  return tf.reciprocal(tf.maximum(means, MIN_NORMALIZER));
}
