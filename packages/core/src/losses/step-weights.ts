import * as tf from '@tensorflow/tfjs';
import { type SequenceLayout, sequenceLength } from '../model/sequence-layout';

/** Weights of a loss over AR steps. */
export interface StepWeights {
  /** Of the first and the last AR step, linear between, or of every one; ones are constant. */
  readonly stepWeights: readonly number[];
  /** Scale them to a mean of 1 over positions; default: as they are given. */
  readonly normalizeStepWeights?: boolean;
  readonly layout: SequenceLayout;
}

/**
 * Weight of every AR step: those of a list as long as the steps, else linear from the first of two
 * numbers to the last.
 * @throws RangeError naming both lengths when the list has another one.
 */
function weightsOfSteps(layout: SequenceLayout, given: readonly number[]): number[] {
  const steps = layout.stepLengths.length;
  if (given.length === steps) return [...given];
  if (given.length !== 2) {
    throw new RangeError(
      `There are ${given.length} weights for ${steps} AR steps: give 2, which are joined by a line, or ${steps}.`,
    );
  }
  const [first = 1, last = 1] = given;
  return layout.stepLengths.map((_, step) =>
    steps === 1 ? first : first + ((last - first) * step) / (steps - 1),
  );
}

/**
 * @throws RangeError when there are neither 2 weights nor one for every AR step, or none of their multiples
 *   has a mean of 1.
 */
export function checkStepWeights(weights: StepWeights): void {
  positionWeights(weights);
}

/** Traced: the weight of every position, [1, n]; undefined when it is 1 everywhere. */
export function tracedStepWeights(weights: StepWeights): tf.Tensor2D | undefined {
  const ofPositions = positionWeights(weights);
  if (ofPositions.every((weight) => weight === 1)) return undefined;
  return tf.tensor2d(ofPositions, [1, ofPositions.length]);
}

/** Traced: mean over all axes of losses [..., n], each times the weight of its AR step. */
export function weightedMean(perToken: tf.Tensor, weights: StepWeights): tf.Tensor {
  const ofPositions = tracedStepWeights(weights);
  return tf.mean(ofPositions === undefined ? perToken : tf.mul(perToken, ofPositions));
}

function positionWeights({
  layout,
  stepWeights,
  normalizeStepWeights = false,
}: StepWeights): number[] {
  const ofSteps = weightsOfSteps(layout, stepWeights);
  const length = sequenceLength(layout);
  const mean =
    layout.stepLengths.reduce((sum, tokens, step) => sum + tokens * ofSteps[step]!, 0) / length;
  if (normalizeStepWeights && !(mean > 0)) {
    throw new RangeError(
      `The weights over AR steps have a mean of ${mean}, which cannot be scaled to 1: give larger ones.`,
    );
  }
  const scale = normalizeStepWeights ? 1 / mean : 1;
  return layout.stepLengths.flatMap((tokens, step) =>
    new Array<number>(tokens).fill(ofSteps[step]! * scale),
  );
}
