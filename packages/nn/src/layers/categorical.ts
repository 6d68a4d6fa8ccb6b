import * as tf from '@tensorflow/tfjs';

/**
 * One draw per row by inversion of the distribution function: `logProbs` [..., V] (any finite shift;
 * −Infinity or very negative for excluded entries) and `uniforms` [...] in [0, 1) → int32 [...].
 * An entry of probability 0 is never drawn, whatever the rounding of the running sum. A row that is no
 * distribution draws some entry, which does not show: see {@link sampleCodes}.
 */
export function sampleCategorical(logProbs: tf.Tensor, uniforms: tf.Tensor): tf.Tensor {
  return drawFrom(tf.softmax(logProbs), uniforms);
}

/** Codes that were drawn from a codebook. */
export interface SampledCodes {
  /** Their numbers, int32 [...]. */
  readonly tokens: tf.Tensor;
  /** Their vectors, [..., C]. */
  readonly codes: tf.Tensor;
}

/**
 * Draws like {@link sampleCategorical} and looks the codes up in `codebook` [V, C]. Where a row is no
 * distribution, because a value of it is NaN or Infinity or all are −Infinity, the code's vector is NaN:
 * the token alone could not tell.
 */
export function sampleCodes(
  codebook: tf.Tensor,
  logProbs: tf.Tensor,
  uniforms: tf.Tensor,
): SampledCodes {
  const masses = tf.softmax(logProbs);
  const tokens = drawFrom(masses, uniforms);
  // 1 but for rounding, or NaN.
  const total = masses.sum(-1, true);
  return { tokens, codes: tf.where(tf.isNaN(total), total, tf.gather(codebook, tokens)) };
}

function drawFrom(masses: tf.Tensor, uniforms: tf.Tensor): tf.Tensor {
  const cumulative = tf.cumsum(masses, masses.rank - 1);
  const total = cumulative.max(-1, true);
  const threshold = total.mul(uniforms.expandDims(-1));
  const drawn = cumulative.lessEqual(threshold).toInt().sum(-1);
  // The first entry at which the sum is complete; u·total can round up to the total itself.
  const last = cumulative.less(total).toInt().sum(-1);
  return tf.minimum(drawn, last).toInt();
}
