import * as tf from '@tensorflow/tfjs';
import { customGradient } from './custom-gradient';

/**
 * Cross-entropy of every row: `logits` [N, V], `labels` [N] int32 or the probabilities of all classes [N, V], which
 * get no gradient → [N]. With `labelSmoothing` s the target is (1 − s)·one-hot + s/V.
 */
export function softmaxCrossEntropy(
  logits: tf.Tensor,
  labels: tf.Tensor,
  labelSmoothing = 0,
): tf.Tensor {
  const classes = logits.shape[1];
  if (logits.rank !== 2 || classes === undefined) {
    throw new Error(`Cross-entropy needs logits [N, V], not [${logits.shape.join(', ')}].`);
  }
  return customGradient(
    [logits],
    (save) => {
      const shifted = logits.sub(logits.max(1, true));
      const exponentials = shifted.exp();
      const total = exponentials.sum(1, true);
      const given =
        labels.rank === 2 ? labels : tf.oneHot(labels.toInt(), classes, 1, 0, 'float32');
      const targets = labelSmoothing
        ? given.mul(1 - labelSmoothing).add(labelSmoothing / classes)
        : given;
      save([exponentials.div(total).sub(targets)]);
      return total.log().squeeze([1]).sub(shifted.mul(targets).sum(1));
    },
    (dy, saved) => {
      const [difference] = saved as [tf.Tensor];
      return [difference.mul(dy.expandDims(1))];
    },
  );
}
