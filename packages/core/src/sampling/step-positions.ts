import * as tf from '@tensorflow/tfjs';

/** The positions of one AR step, where a program learns only when it runs which step it is. */
export interface StepPositions {
  /** The numbers of the positions, [stepLength] int32. */
  readonly rows: tf.Tensor;
  /** Their rows of finite values [B, n, D]: [B, stepLength, D]. */
  take(values: tf.Tensor): tf.Tensor;
  /** The finite `sequence` [B, n, C] with `vectors` [B, stepLength, C] in their place. */
  put(sequence: tf.Tensor, vectors: tf.Tensor): tf.Tensor;
}

/** The `stepLength` positions from the int32 scalar `start` on, of `length`, in batches of `batch`. */
export function stepPositions(
  start: tf.Tensor,
  stepLength: number,
  length: number,
  batch: number,
): StepPositions {
  const rows = tf.range(0, stepLength, 1, 'int32').add(start).toInt();
  const here = tf.oneHot(rows as tf.Tensor1D, length, 1, 0, 'float32');
  // [B, L, n]: products with one-hot rows take and put the step's positions.
  const selection = tf.tile(here.expandDims(0), [batch, 1, 1]);
  return {
    rows,
    take: (values) => tf.matMul(selection, values),
    put: (sequence, vectors) => {
      const others = tf.sub(1, here.sum(0).reshape([1, length, 1]));
      const placed = tf.matMul(selection, vectors, true, false);
      return sequence.mul(others).add(placed);
    },
  };
}
