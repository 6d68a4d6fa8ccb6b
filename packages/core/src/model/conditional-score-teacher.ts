import type * as tf from '@tensorflow/tfjs';
import type { Parameters, ParameterSpecs } from '@ar-distill/nn';
import type { HostTensors, StepCompiler } from '@ar-distill/program';
import type { Condition, ConditionSpace } from './condition';
import type { GuidanceRange } from './guidance-range';
import type { SequenceLayout } from './sequence-layout';
import type { SequenceSampler } from './sequence-sampler';

/** What the teacher knows about every position after reading a clean prefix; rows are positions. */
export type PrefixReading = Readonly<Record<string, tf.Tensor>>;

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

/** Neither guidance nor truncation: the plain distribution, which training sees. */
export const PLAIN_SAMPLING: TeacherSamplingOptions = {
  guidanceScale: 0,
  topK: 0,
  topP: 1,
  temperature: 1,
};

/** How a teacher takes the guidance scale of every sample. */
export interface TeacherGuidance {
  /** The scale of its own options. */
  readonly scale: number;
  /**
   * The same teacher with the guidance scale, from this range, as a value of its condition; its own is the scale of
   * samples that say none.
   */
  over(range: GuidanceRange): ConditionalScoreTeacher;
}

/**
 * A frozen AR teacher as a conditional score model (DD2, Eq. 1). A discrete teacher extends
 * `DiscreteScoreTeacher`; an AR model with continuous tokens implements `denoised` directly.
 */
export abstract class ConditionalScoreTeacher {
  abstract readonly layout: SequenceLayout;
  /** What sequences are generated for. */
  abstract readonly condition: ConditionSpace;
  abstract readonly parameterSpecs: ParameterSpecs;
  /** Factor σ_c between codes and the space of scores, heads and losses: x_0 = σ_c · c. */
  abstract readonly codeScale: number;
  /** Absent in teachers that know no guidance, or one scale for all samples alone. */
  readonly guidance?: TeacherGuidance;

  /** Reads the clean `sequence` [B, n, C] (scaled) and the condition [B, …]: one backbone pass. */
  abstract read(parameters: Parameters, sequence: tf.Tensor, condition: Condition): PrefixReading;

  /** E[x_0 | x_t] at every position: `xT` [B, n, C], `t` [B, n] → [B, n, C]. */
  abstract denoised(reading: PrefixReading, xT: tf.Tensor, t: tf.Tensor): tf.Tensor;

  /** An AR sampler with the given weights, for batches of `batchSize`. */
  abstract createSampler(
    compiler: StepCompiler,
    parameters: Readonly<HostTensors>,
    batchSize: number,
  ): Promise<SequenceSampler>;
}
