import * as tf from '@tensorflow/tfjs';

const MAX_PERIOD = 10000;

/**
 * Sinusoidal embedding [cos, sin] of 1000·t: `t` [N] in [0, 1] → [N, size], `size` even
 * (`timestep_embedding` of MAR's diffloss.py, which counts timesteps 0 … 1000).
 */
export function timestepEmbedding(t: tf.Tensor, size: number): tf.Tensor {
  const half = size / 2;
  const frequencies = Float32Array.from({ length: half }, (_, i) =>
    Math.exp((-Math.log(MAX_PERIOD) * i) / half),
  );
  const angles = t
    .mul(1000)
    .reshape([-1, 1])
    .mul(tf.tensor2d(frequencies, [1, half]));
  return tf.concat([angles.cos(), angles.sin()], 1);
}
