import type * as tf from '@tensorflow/tfjs';
import type { HostTensor, HostTensors, Parameters, ParameterSpecs } from '@ar-distill/nn';
import type { StepCompiler } from '../ports/step-compiler';
import type { Rng } from '../ports/rng';
import type { SequenceLayout } from './sequence-layout';

/** What the teacher knows about every position after reading a clean prefix; rows are positions. */
export type TeacherCondition = Readonly<Record<string, tf.Tensor>>;

/** Sequences drawn from a teacher. */
export interface TeacherSamples {
  /** Continuous code vectors [B, n, C] in the scaled space (x_0 = codeScale · c). */
  readonly sequence: HostTensor;
  /** Tokens [B, n] int32, when the teacher has any. */
  readonly tokens?: HostTensor;
}

/** Draws whole sequences AR step by AR step. */
export interface TeacherSampler {
  /** Sequences per call: `labels` always has this length. */
  readonly batchSize: number;
  /** Network evaluations that one call costs, counted as forward passes over the batch. */
  readonly evaluations: number;
  /**
   * `firstSample` numbers the samples: sample b draws from `rng` under index firstSample + b. Rejects,
   * with a `NonFiniteError`, when what it draws from is not finite; the next call is not touched by it.
   */
  sample(labels: Int32Array, rng: Rng, firstSample: number): Promise<TeacherSamples>;
  dispose(): Promise<void>;
}

/** How teacher sequences are drawn and its score is formed. */
export interface TeacherSamplingOptions {
  /**
   * Strength of classifier-free guidance in the family's own convention (see `guideByRatio` and
   * `guideByScale`); 0 is off in every family.
   */
  readonly guidanceScale: number;
  /** 0 = off. */
  readonly topK: number;
  /** 1 = off. */
  readonly topP: number;
  readonly temperature: number;
}

/**
 * A frozen AR teacher as a conditional score model (DD2, Eq. 1). A discrete teacher extends
 * `DiscreteScoreTeacher`; an AR model with continuous tokens implements `denoised` directly.
 */
export abstract class ConditionalScoreTeacher {
  abstract readonly layout: SequenceLayout;
  abstract readonly numClasses: number;
  abstract readonly parameterSpecs: ParameterSpecs;
  /** Factor σ_c between codes and the space of scores, heads and losses: x_0 = σ_c · c. */
  abstract readonly codeScale: number;

  /** Reads the clean `sequence` [B, n, C] (scaled) and `labels` [B]: one pass of the backbone. */
  abstract condition(
    parameters: Parameters,
    sequence: tf.Tensor,
    labels: tf.Tensor,
  ): TeacherCondition;

  /** E[x_0 | x_t] at every position: `xT` [B, n, C], `t` [B, n] → [B, n, C]. */
  abstract denoised(condition: TeacherCondition, xT: tf.Tensor, t: tf.Tensor): tf.Tensor;

  /** An AR sampler with the given weights, for batches of `batchSize`. */
  abstract createSampler(
    compiler: StepCompiler,
    parameters: Readonly<HostTensors>,
    batchSize: number,
  ): Promise<TeacherSampler>;
}
