import * as tf from '@tensorflow/tfjs';
import { denoisedFromProbabilities, denoisedToVelocity, MIN_TIMESTEP } from '@ar-distill/core/math';
import { linear, type Parameters, type ParameterSpecs } from '@ar-distill/nn';

/** A teacher's classifier in a velocity network. */
export interface KeptClassifier {
  /** Name of the linear layer, as in the teacher: [D] → [V] logits. */
  readonly layer: string;
  /** Parameters that the backbone has not, under the teacher's names: the layer's, and codes where it has none. */
  readonly specs: ParameterSpecs;
  /** Codes [V, C], scaled. */
  codebook(parameters: Parameters): tf.Tensor;
}

/** What a velocity follows from, see `VelocityNetwork.velocity`. */
interface NoisedTokens {
  readonly features: tf.Tensor;
  readonly xT: tf.Tensor;
  readonly t: tf.Tensor;
}

/**
 * The velocity of the mixture of codes that the classifier says comes next, by the closed form of the teacher
 * itself (DD2, Eq. 1). At t = 1 the noise tells nothing, and one step emits the expected code Σ_j p_j c_j.
 */
export function classifierVelocity(
  { layer, codebook }: KeptClassifier,
  parameters: Parameters,
  { features, xT, t }: NoisedTokens,
): tf.Tensor {
  // The closed form normalises: logits are log-probabilities up to a constant.
  const logProbs = linear(parameters, layer, features);
  const mixture = { logProbs, codebook: codebook(parameters), xT, t };
  return denoisedToVelocity(denoisedFromProbabilities(mixture), xT, tf.maximum(t, MIN_TIMESTEP));
}
