import * as tf from '@tensorflow/tfjs';

/** Index of the nearest code of every vector: `vectors` [..., C], `codebook` [V, C] → int32 [...]. */
export function nearestCodes(vectors: tf.Tensor, codebook: tf.Tensor): tf.Tensor {
  const [V, C] = codebook.shape as [number, number];
  // argmin |x − c|² = argmax ⟨x, c⟩ − ½|c|²
  const products = tf.matMul(vectors.reshape([-1, C]), codebook.as2D(V, C), false, true);
  const nearest = products.sub(codebook.square().sum(-1).mul(0.5)).argMax(-1);
  return nearest.reshape(vectors.shape.slice(0, -1));
}

/** Every vector replaced by its nearest code: same shapes as in `nearestCodes`, result [..., C]. */
export function snapToCodes(vectors: tf.Tensor, codebook: tf.Tensor): tf.Tensor {
  return tf.gather(codebook, nearestCodes(vectors, codebook).flatten()).reshape(vectors.shape);
}
