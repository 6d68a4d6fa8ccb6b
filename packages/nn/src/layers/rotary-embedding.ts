import * as tf from '@tensorflow/tfjs';

/**
 * Rotates neighbouring channels (0, 1), (2, 3), … as complex numbers: `x` [R, T, d], d even, times
 * cos + i·sin. `cos` and `sin` broadcast to [R, T, d] and hold the same value at both channels of a
 * pair; a row of zeros in both makes the position's vector zero.
 */
export function rotateChannelPairs(x: tf.Tensor, cos: tf.Tensor, sin: tf.Tensor): tf.Tensor {
  const size = x.shape.at(-1);
  if (size === undefined || size % 2 !== 0) {
    throw new Error(`Rotary embedding needs an even number of channels: [${x.shape.join(', ')}].`);
  }
  // A product with a constant matrix: splitting pairs apart would be strided copies, back and forth.
  const turned = tf.matMul(x.reshape([-1, size]), quarterTurn(size)).reshape(x.shape);
  return x.mul(cos).add(turned.mul(sin));
}

/** The matrix that takes a row (a, b, …) to (−b, a, …), pair by pair. */
function quarterTurn(size: number): tf.Tensor2D {
  const values = new Float32Array(size * size);
  for (let even = 0; even < size; even += 2) {
    values[(even + 1) * size + even] = -1;
    values[even * size + even + 1] = 1;
  }
  return tf.tensor2d(values, [size, size]);
}
