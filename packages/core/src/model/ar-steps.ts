import type { Parameters } from '@ar-distill/nn';
import type { HostTensors } from '@ar-distill/program';
import type * as tf from '@tensorflow/tfjs';
import type { Condition } from './condition';

/** What the program of one AR step reads. */
export interface ArStepValues {
  readonly parameters: Parameters;
  readonly state: Readonly<Record<string, tf.Tensor>>;
  /** The named random numbers of the step's positions, [B, stepLength, …] each. */
  readonly draws: Readonly<Record<string, tf.Tensor>>;
  readonly condition: Condition;
  /** The first position of the step, an int32 scalar. */
  readonly start: tf.Tensor;
  /** The step's rows of `perStep`. */
  readonly perStep: Readonly<Record<string, tf.Tensor>>;
}

/** What it gives. */
export interface DrawnArStep {
  /** New values of some of the state. */
  readonly state: Record<string, tf.Tensor>;
  /** Code vectors of the step, scaled, [B, stepLength, C]. */
  readonly sequence: tf.Tensor;
  /** Their tokens [B, stepLength] int32, when they are drawn as tokens. */
  readonly tokens?: tf.Tensor;
}

/** Draws one AR step inside of traced code. */
export type DrawArStep = (values: ArStepValues) => DrawnArStep;

/** How sequences are drawn AR step by AR step, with what a step leaves to the next one. */
export interface ArSteps {
  /**
   * What a step leaves to the next one, as it is before the first batch. A batch starts with what the
   * one before it left, finite values: no program may read those of AR steps that are not drawn
   * yet. After a batch that failed everything is as it was before the first one.
   */
  initialState(): Readonly<HostTensors>;
  /** Values that differ from step to step, [steps, …]. */
  readonly perStep?: Readonly<HostTensors>;
  /** One for all AR steps, which have one length then, or one for each of them. */
  readonly drawStep: DrawArStep | readonly DrawArStep[];
}
