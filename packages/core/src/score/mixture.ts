import * as tf from '@tensorflow/tfjs';
import { MIN_TIMESTEP } from './rectified-flow';

/**
 * Stands for log 0. Finite, so that nothing becomes NaN in values or gradients, yet far below any
 * log-likelihood term: its exponential is exactly 0 beside any token that is allowed.
 */
export const LOG_ZERO = -1e30;

/**
 * Natural logarithm of probabilities; zeros become {@link LOG_ZERO}, and NaN stays NaN. Made for constants.
 */
export function logProbabilities(probabilities: tf.Tensor): tf.Tensor {
  const smallestNormal = 1.1754944e-38;
  // Not the positive ones are asked for: beside NaN every comparison is false.
  return tf.where(
    tf.lessEqual(probabilities, 0),
    tf.fill(probabilities.shape, LOG_ZERO),
    tf.log(tf.maximum(probabilities, smallestNormal)),
  );
}

/** A mixture of Gaussians around scaled codes, seen from noisy vectors. */
export interface CodeMixture {
  /**
   * Natural log-probabilities of the codes after the clean prefix, [..., n, V]; forbidden codes have
   * {@link LOG_ZERO} or −Infinity. Leading axes broadcast against those of `xT`.
   */
  readonly logProbs: tf.Tensor;
  /** Codes [V, C] in the scaled space. */
  readonly codebook: tf.Tensor;
  /** Noisy vectors [..., n, C]. */
  readonly xT: tf.Tensor;
  /** Timesteps that broadcast to the axes [..., n] of `xT`; values below `minTimestep` count as `minTimestep`. */
  readonly t: tf.Tensor;
  /** Default {@link MIN_TIMESTEP}. */
  readonly minTimestep?: number;
}

/**
 * Logarithms, up to a constant per position, of the posterior weights of the codes given x_t
 * (DD2, Eq. 1): log p_j + ((1−t)⟨x_t, c_j⟩ − ½(1−t)²|c_j|²)/t², shape [..., n, V]. Expanding the
 * square keeps every array at the size of the logits. At t = 1 they are the log-probabilities.
 * Differentiable in `xT`.
 */
export function mixtureLogWeights(mixture: CodeMixture): tf.Tensor {
  const { codebook, xT, minTimestep = MIN_TIMESTEP } = mixture;
  const [vocabSize, channels] = codebookShape(codebook);
  const t = tf.maximum(mixture.t, minTimestep);
  const rest = tf.sub(1, t);
  const gain = tf.expandDims(tf.div(rest, tf.square(t)), -1);
  const penalty = tf.expandDims(tf.div(tf.square(rest), tf.square(t)), -1);
  const halfSquaredNorms = tf.mul(tf.sum(tf.square(codebook), -1), 0.5);
  const projections = tf.matMul(
    tf.reshape(tf.mul(xT, gain), [-1, channels]),
    codebook as tf.Tensor2D,
    false,
    true,
  );
  const constant = tf.sub(
    tf.maximum(mixture.logProbs, LOG_ZERO),
    tf.mul(penalty, halfSquaredNorms),
  );
  return tf.add(tf.reshape(projections, [...xT.shape.slice(0, -1), vocabSize]), constant);
}

/**
 * E[x_0 | x_t], shape [..., n, C] (DD2, Eq. 1): the codes averaged with the posterior weights.
 * Codes of probability 0 have weight exactly 0. Differentiable in `xT`.
 */
export function denoisedFromProbabilities(mixture: CodeMixture): tf.Tensor {
  const [vocabSize] = codebookShape(mixture.codebook);
  const weights = tf.softmax(mixtureLogWeights(mixture));
  const denoised = tf.matMul(tf.reshape(weights, [-1, vocabSize]), mixture.codebook as tf.Tensor2D);
  return tf.reshape(denoised, mixture.xT.shape);
}

function codebookShape(codebook: tf.Tensor): [number, number] {
  const [vocabSize, channels] = codebook.shape;
  if (codebook.rank !== 2 || vocabSize === undefined || channels === undefined) {
    throw new Error(`A codebook must have the shape [V, C], not [${codebook.shape.join(', ')}].`);
  }
  return [vocabSize, channels];
}
