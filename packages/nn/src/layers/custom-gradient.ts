import * as tf from '@tensorflow/tfjs';

/** Keeps tensors of the forward pass for the backward pass. */
export type SaveTensors = (tensors: tf.Tensor[]) => void;

/**
 * `forward()` with a hand-written backward pass (typed form of `tf.customGrad`).
 * `backward(dy, saved)` returns one gradient per entry of `inputs`; tensors made inside `forward`
 * must reach it through `save`, because eager backends free them.
 */
export function customGradient(
  inputs: readonly tf.Tensor[],
  forward: (save: SaveTensors) => tf.Tensor,
  backward: (dy: tf.Tensor, saved: tf.Tensor[]) => tf.Tensor[],
): tf.Tensor {
  return tf.customGrad((...args) => {
    const save = args[args.length - 1];
    if (typeof save !== 'function') throw new Error('tf.customGrad gave no save function.');
    return { value: forward(save), gradFunc: backward };
  })(...inputs);
}

/**
 * The straight-through estimator: the value of `quantized` with the gradient of `features`, of the
 * same shape. No gradient reaches `quantized`.
 */
export function straightThrough(features: tf.Tensor, quantized: tf.Tensor): tf.Tensor {
  return customGradient(
    [features],
    () => quantized.clone(),
    (dy) => [dy],
  );
}

/**
 * The tensor that `compute` returns, as a constant to autodiff: nothing inside is recorded, so
 * kernels without gradients may be used, and no zero gradients are carried through the inputs.
 */
export function withoutGradient(compute: () => tf.Tensor): tf.Tensor {
  const unrelated = tf.scalar(0);
  return customGradient(
    [unrelated],
    () => compute().clone(),
    () => [unrelated.zerosLike()],
  );
}
