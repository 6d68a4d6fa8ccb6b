import * as tf from '@tensorflow/tfjs';
import { LOG_ZERO } from './mixture';

/** Which codes stay possible, and how flat their distribution is. */
export interface Truncation {
  /** Codes kept by logit; codes tied with the last one are all kept. 0 (default) is off. */
  readonly topK?: number;
  /** Probability mass kept, in (0, 1]. 1 (default) is off. */
  readonly topP?: number;
  /** The logits are divided by it; default 1. */
  readonly temperature?: number;
}

/**
 * Log-probabilities of `logits` [..., V] after temperature, top-k and top-p, in this order: a code
 * leaves when its logit is below the k-th largest; then, on the renormalised rest, when it and all
 * less probable codes together have at most 1 − topP (FoundationVision/VAR, models/helpers.py;
 * LlamaGen's rule differs only where a sum equals topP exactly). Tied codes stay or leave together,
 * so the result does not depend on a sort's order; the most probable code always stays. Codes that
 * left have {@link LOG_ZERO} (give or take rounding), the others' probabilities sum to 1. A logit of
 * −Infinity is a code that is ruled out; a row with NaN or Infinity, or with nothing else, is NaN.
 * Not differentiable: the teacher is a constant.
 */
export function truncatedLogProbs(logits: tf.Tensor, truncation: Truncation = {}): tf.Tensor {
  const { topK = 0, topP = 1, temperature = 1 } = truncation;
  if (!(topK >= 0)) throw new RangeError(`topK must be 0 (off) or more: ${topK}.`);
  if (!(topP > 0 && topP <= 1)) throw new RangeError(`topP must be in (0, 1], 1 is off: ${topP}.`);
  if (!(temperature > 0)) throw new RangeError(`The temperature must be above 0: ${temperature}.`);

  const scaled = temperature === 1 ? logits : tf.div(logits, temperature);
  const vocabSize = logits.shape[logits.rank - 1] ?? 0;
  const limitsCount = topK > 0 && topK < vocabSize;
  if (!limitsCount && topP === 1) return tf.logSoftmax(scaled);

  const largest = tf.topk(scaled, limitsCount ? topK : vocabSize).values;
  const kth = tf.min(largest, -1, true);
  const threshold = topP === 1 ? kth : massThreshold(scaled, largest, kth, topP);
  // Not the codes that reach the threshold are asked for: beside NaN every comparison is false, so it
  // stays and makes its row NaN.
  const leaves = tf.less(scaled, threshold);
  return tf.logSoftmax(tf.where(leaves, tf.fill(scaled.shape, LOG_ZERO), scaled));
}

/**
 * The smallest logit that top-p keeps, [..., 1]. `largest` [..., k] are the k largest logits in
 * descending order. Codes tied with the k-th but not among the k belong to the rest as well: their
 * mass lies below that of all k, so it is added to every running sum.
 */
function massThreshold(
  logits: tf.Tensor,
  largest: tf.Tensor,
  kth: tf.Tensor,
  topP: number,
): tf.Tensor {
  const maximum = tf.max(largest, -1, true);
  const masses = tf.exp(tf.sub(largest, maximum));
  const allMasses = tf.where(
    tf.greaterEqual(logits, kth),
    tf.exp(tf.sub(logits, maximum)),
    tf.zerosLike(logits),
  );
  const total = tf.sum(allMasses, -1, true);
  const tiedOutside = tf.sub(total, tf.sum(masses, -1, true));
  // Reversed running sums are the ascending ones of the official code: small masses are added first.
  // The axis is positive because tfjs's cpu kernel misreads −1.
  const upToHere = tf.add(tf.cumsum(masses, masses.rank - 1, false, true), tiedOutside);
  const kept = tf.greater(upToHere, tf.mul(total, 1 - topP));
  const fallback = tf.add(tf.zerosLike(largest), maximum);
  return tf.min(tf.where(kept, largest, fallback), -1, true);
}
