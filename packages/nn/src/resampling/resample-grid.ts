import * as tf from '@tensorflow/tfjs';

/**
 * Resamples square token maps in both directions: `x` [B, from², C] → [B, to², C], with a 1-D
 * resampling `matrix` [to, from] (`bicubicMatrix`, `areaMatrix`).
 */
export function resampleGrid(
  x: tf.Tensor,
  matrix: Float32Array,
  from: number,
  to: number,
): tf.Tensor {
  const [batch, , channels] = x.shape as [number, number, number];
  const product = tf.tensor2d(squareGrid(matrix, from, to), [to * to, from * from]);
  // 2-D: the channels join the batch, because a matmul with a broadcast batch axis is slow.
  const rows = x.transpose([0, 2, 1]).reshape([batch * channels, from * from]);
  return tf
    .matMul(rows as tf.Tensor2D, product, false, true)
    .reshape([batch, channels, to * to])
    .transpose([0, 2, 1]);
}

/** Kronecker product of the 1-D matrix with itself: [to², from²]. */
function squareGrid(matrix: Float32Array, from: number, to: number): Float32Array {
  const result = new Float32Array(to * to * from * from);
  let next = 0;
  for (let row = 0; row < to; row++) {
    for (let column = 0; column < to; column++) {
      for (let y = 0; y < from; y++) {
        for (let x = 0; x < from; x++) {
          result[next++] = matrix[row * from + y]! * matrix[column * from + x]!;
        }
      }
    }
  }
  return result;
}
