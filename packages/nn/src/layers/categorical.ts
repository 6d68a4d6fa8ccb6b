import * as tf from '@tensorflow/tfjs';

/**
 * One draw per row by inversion of the distribution function: `logProbs` [..., V] (any finite shift;
 * −Infinity or very negative for excluded entries) and `uniforms` [...] in [0, 1) → int32 [...].
 * An entry of probability 0 is never drawn, whatever the rounding of the running sum. A row that is no
 * distribution draws 0, which does not show: look at its {@link categoricalMass}.
 */
export function sampleCategorical(logProbs: tf.Tensor, uniforms: tf.Tensor): tf.Tensor {
  const masses = tf.softmax(logProbs);
  const cumulative = tf.cumsum(masses, masses.rank - 1);
  const total = cumulative.max(-1, true);
  const threshold = total.mul(uniforms.expandDims(-1));
  const drawn = cumulative.lessEqual(threshold).toInt().sum(-1);
  // The first entry at which the sum is complete; u·total can round up to the total itself.
  const last = cumulative.less(total).toInt().sum(-1);
  return tf.minimum(drawn, last).toInt();
}

/**
 * Sum of the probabilities that {@link sampleCategorical} draws from, [..., V] → [...]: 1 but for
 * rounding, NaN in a row that is no distribution, because a value of it is NaN or Infinity or all are
 * −Infinity.
 */
export function categoricalMass(logProbs: tf.Tensor): tf.Tensor {
  return tf.softmax(logProbs).sum(-1);
}
