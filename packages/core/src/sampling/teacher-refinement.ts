import { categoricalMass, sampleCategorical, type Parameters } from '@ar-distill/nn';
import * as tf from '@tensorflow/tfjs';
import type { DiscreteScoreTeacher } from '../model/discrete-score-teacher';
import { stepStarts } from '../model/sequence-layout';
import { snapToCodes } from '../score/nearest-codes';

/** Sequences that a teacher drew again in part, as tensors. */
export interface RefinedSequences {
  /** [B, n, C], scaled. */
  readonly sequence: tf.Tensor;
  /**
   * `categoricalMass` of what every token was drawn from, [B, n]: NaN where it was no distribution, 1
   * where nothing was drawn. The codes themselves do not show it.
   */
  readonly mass: tf.Tensor;
}

/**
 * Multi-step sampling (DD2, Algorithm 4): the one-step `sequence` [B, n, C] (scaled) is snapped to
 * codes, then the teacher draws the last `steps` AR steps again, in order, each after the clean
 * prefix before it. `uniforms` [B, n] in [0, 1). Costs one teacher evaluation per AR step.
 * @throws RangeError when there are not that many AR steps.
 */
export function refineWithTeacher(
  teacher: DiscreteScoreTeacher,
  parameters: Parameters,
  sequence: tf.Tensor,
  labels: tf.Tensor,
  uniforms: tf.Tensor,
  steps: number,
): tf.Tensor {
  return drawRefinement(teacher, parameters, sequence, labels, uniforms, steps).sequence;
}

/** The same, with what tells whether the teacher's distributions were any. */
export function drawRefinement(
  teacher: DiscreteScoreTeacher,
  parameters: Parameters,
  sequence: tf.Tensor,
  labels: tf.Tensor,
  uniforms: tf.Tensor,
  steps: number,
): RefinedSequences {
  const { stepLengths } = teacher.layout;
  const starts = stepStarts(teacher.layout);
  if (!Number.isInteger(steps) || steps < 0 || steps > starts.length) {
    throw new RangeError(
      `The teacher can draw 0 to ${starts.length} of the last AR steps again, not ${steps}.`,
    );
  }
  const codebook = teacher.scaledCodebook(parameters);
  const [V, C] = codebook.shape as [number, number];
  const B = sequence.shape[0]!;
  let refined = snapToCodes(sequence, codebook);
  const first = starts[starts.length - steps] ?? refined.shape[1]!;
  const masses: tf.Tensor[] = first > 0 ? [tf.ones([B, first])] : [];
  for (let step = starts.length - steps; step < starts.length; step++) {
    const start = starts[step]!;
    const length = stepLengths[step]!;
    const logProbs = teacher
      .logProbs(parameters, refined, labels)
      .slice([0, start, 0], [B, length, V]);
    masses.push(categoricalMass(logProbs));
    const tokens = sampleCategorical(logProbs, uniforms.slice([0, start], [B, length]));
    const drawn = tf.gather(codebook, tokens.flatten().toInt()).reshape([B, length, C]);
    const rest = refined.shape[1]! - start - length;
    refined = tf.concat(
      [
        refined.slice([0, 0, 0], [B, start, C]),
        drawn,
        refined.slice([0, start + length, 0], [B, rest, C]),
      ],
      1,
    );
  }
  return { sequence: refined, mass: tf.concat(masses, 1) };
}
