import * as tf from '@tensorflow/tfjs';

/** The same values, with a zero gradient: sg(·) of the papers. */
export function stopGradient(x: tf.Tensor): tf.Tensor {
  return tf.customGrad((value) => ({
    value: (value as tf.Tensor).clone(),
    gradFunc: (dy: tf.Tensor) => tf.zerosLike(dy),
  }))(x);
}
