import { type Parameters, sampleCodes } from '@ar-distill/nn';
import * as tf from '@tensorflow/tfjs';
import type { ChooseCodes } from '../model/code-choice';
import type { Condition } from '../model/condition';
import type { DiscreteScoreTeacher } from '../model/discrete-score-teacher';
import { type SequenceLayout, sequenceLength, stepStarts } from '../model/sequence-layout';
import { snapToCodes } from '../score/nearest-codes';

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
  condition: Condition,
  uniforms: tf.Tensor,
  steps: number,
): tf.Tensor {
  checkRefinedSteps(teacher.layout, steps);
  const first = teacher.layout.stepLengths.length - steps;
  const snapped = snapToCodes(sequence, teacher.scaledCodebook(parameters));
  return drawSteps(teacher, parameters, snapped, condition, uniforms, first).sequence;
}

/** @throws RangeError when a teacher cannot draw that many of the last AR steps again. */
export function checkRefinedSteps({ stepLengths }: SequenceLayout, steps: number): void {
  if (Number.isInteger(steps) && steps >= 0 && steps <= stepLengths.length) return;
  throw new RangeError(
    `The teacher can draw 0 to ${stepLengths.length} of the last AR steps again, not ${steps}.`,
  );
}

/**
 * The teacher draws the AR steps from `firstStep` on, in order, each after the clean prefix before it;
 * what `sequence` [B, n, C] holds there is not read. `draws` are uniforms [B, n] in [0, 1), or what else
 * `choose` makes codes of, [B, n, …]. Unrolled: one teacher evaluation per AR step. The tokens [B, …] are
 * those of the drawn positions.
 */
export function drawSteps(
  teacher: DiscreteScoreTeacher,
  parameters: Parameters,
  sequence: tf.Tensor,
  condition: Condition,
  draws: tf.Tensor,
  firstStep: number,
  choose: ChooseCodes = sampleCodes,
): { readonly sequence: tf.Tensor; readonly tokens: readonly tf.Tensor[] } {
  const { layout } = teacher;
  const codebook = teacher.scaledCodebook(parameters);
  const [V, C] = codebook.shape as [number, number];
  const [B, n] = [sequence.shape[0]!, sequenceLength(layout)];
  const tokens: tf.Tensor[] = [];
  let drawn = sequence;
  for (const [step, start] of stepStarts(layout).entries()) {
    if (step < firstStep) continue;
    const length = layout.stepLengths[step]!;
    const end = start + length;
    const logProbs = teacher
      .logProbs(parameters, drawn, condition)
      .slice([0, start, 0], [B, length, V]);
    const own = choose(codebook, logProbs, draws.slice([0, start], [B, length]));
    tokens.push(own.tokens);
    const before = start > 0 ? [drawn.slice([0, 0, 0], [B, start, C])] : [];
    const after = end < n ? [drawn.slice([0, end, 0], [B, n - end, C])] : [];
    drawn = tf.concat([...before, own.codes, ...after], 1);
  }
  return { sequence: drawn, tokens };
}
