import * as tf from '@tensorflow/tfjs';
import { sequenceLength, type SequenceLayout } from '../model/sequence-layout';

/**
 * VAR's classifier-free guidance (FoundationVision/VAR, models/var.py): (1 + r)·conditional −
 * r·unconditional. `ratio` is a number or broadcasts against the logits [..., n, V], such as
 * {@link rampedGuidanceRatios}.
 */
export function guideByRatio(
  conditional: tf.Tensor,
  unconditional: tf.Tensor,
  ratio: number | tf.Tensor,
): tf.Tensor {
  return tf.sub(tf.mul(conditional, tf.add(1, ratio)), tf.mul(unconditional, ratio));
}

/**
 * r_s = guidanceScale·s/(S − 1) of every position's AR step s, a linear ramp as in VAR (0 when there
 * is one step): [1, n, 1]; [B, n, 1] for scales [B].
 */
export function rampedGuidanceRatios(
  layout: SequenceLayout,
  guidanceScale: number | tf.Tensor,
): tf.Tensor {
  if (typeof guidanceScale !== 'number') {
    return tf.mul(tf.reshape(guidanceScale, [-1, 1, 1]), rampedGuidanceRatios(layout, 1));
  }
  const steps = layout.stepLengths.length;
  const ratios = layout.stepLengths.flatMap((length, step) =>
    new Array<number>(length).fill(steps === 1 ? 0 : (guidanceScale * step) / (steps - 1)),
  );
  return tf.tensor3d(ratios, [1, sequenceLength(layout), 1]);
}

/**
 * LlamaGen's classifier-free guidance (FoundationVision/LlamaGen, autoregressive/models/generate.py):
 * unconditional + (conditional − unconditional)·guidanceScale; 1 and less disable it. A tensor
 * broadcasts against the logits [..., n, V].
 */
export function guideByScale(
  conditional: tf.Tensor,
  unconditional: tf.Tensor,
  guidanceScale: number | tf.Tensor,
): tf.Tensor {
  if (typeof guidanceScale === 'number' && guidanceScale <= 1) return conditional;
  const scale = tf.maximum(guidanceScale, 1);
  return tf.add(unconditional, tf.mul(tf.sub(conditional, unconditional), scale));
}
