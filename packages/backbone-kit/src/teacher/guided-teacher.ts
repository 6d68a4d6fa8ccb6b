import * as tf from '@tensorflow/tfjs';
import {
  type Condition,
  type ConditionalScoreTeacher,
  DiscreteScoreTeacher,
  type SequenceSampler,
  splitGuidance,
  type TeacherSamplingOptions,
  withNothingGiven,
} from '@ar-distill/core';
import { truncatedLogProbs } from '@ar-distill/core/math';
import { compileArSampler } from '@ar-distill/core/sampling';
import type { Parameters } from '@ar-distill/nn';
import type { HostTensors, StepCompiler } from '@ar-distill/program';
import { drawingProgram } from './default-sampler';

/**
 * A discrete teacher with classifier-free guidance. Its backbone reads inputs that are made of the
 * clean code vectors, and the condition. A family says how inputs become logits and how the two
 * predictions are combined; a guided pass runs both halves as one batch.
 */
export abstract class GuidedTeacher extends DiscreteScoreTeacher {
  abstract readonly sampling: TeacherSamplingOptions;
  /** What errors and profiles call its sampler, behind an article. */
  protected readonly samplerName: string = 'AR teacher';

  /** Whether the sampling options, or scales in the condition, call for the second, unconditional pass. */
  abstract get isGuided(): boolean;

  /** The codes as the backbone's inputs are made of them, [V, C], unscaled. */
  abstract codebook(parameters: Parameters): tf.Tensor;

  /**
   * What the backbone reads of the code vectors `codes` [B, n, C] (unscaled, continuous): the batch
   * is the first axis, everything else is the family's choice.
   */
  abstract inputs(parameters: Parameters, codes: tf.Tensor): tf.Tensor;

  /** Raw teacher-forced logits [B, n, V] from `inputs` and the condition [B, …], without guidance. */
  abstract logitsOfInputs(
    parameters: Parameters,
    inputs: tf.Tensor,
    condition: Condition,
  ): tf.Tensor;

  /**
   * Guided logits at all positions from conditional and unconditional ones, [B, n, V] each. `scales` [B] are those
   * of the samples, which only teachers get that say how they take them (`guidance`); else it is the options' one.
   */
  abstract guide(conditional: tf.Tensor, unconditional: tf.Tensor, scales?: tf.Tensor): tf.Tensor;

  scaledCodebook(parameters: Parameters): tf.Tensor {
    return this.codebook(parameters).mul(this.codeScale);
  }

  /** Raw teacher-forced logits [B, n, V] after `codes` [B, n, C] (unscaled), without guidance. */
  logits(parameters: Parameters, codes: tf.Tensor, condition: Condition): tf.Tensor {
    return this.logitsOfInputs(parameters, this.inputs(parameters, codes), condition);
  }

  /** The same after `tokens` [B, n] int32. */
  logitsOfTokens(parameters: Parameters, tokens: tf.Tensor, condition: Condition): tf.Tensor {
    const codes = tf.gather(this.codebook(parameters), tokens.toInt());
    return this.logits(parameters, codes, condition);
  }

  logProbs(parameters: Parameters, sequence: tf.Tensor, condition: Condition): tf.Tensor {
    const { guidance, condition: given } = splitGuidance(condition);
    const inputs = this.inputs(parameters, sequence.div(this.codeScale));
    if (!this.isGuided) {
      return truncatedLogProbs(this.logitsOfInputs(parameters, inputs, given), this.sampling);
    }
    const logits = this.logitsOfInputs(
      parameters,
      tf.concat([inputs, inputs], 0),
      withNothingGiven(this.condition, given),
    );
    const [conditional, unconditional] = tf.split(logits, 2, 0) as [tf.Tensor, tf.Tensor];
    return truncatedLogProbs(this.guide(conditional, unconditional, guidance), this.sampling);
  }

  /** With the cache of a family that keeps one, as `defaultSampler` without: the same tokens either way. */
  createSampler(
    compiler: StepCompiler,
    parameters: Readonly<HostTensors>,
    batchSize: number,
  ): Promise<SequenceSampler> {
    const program = drawingProgram(this.samplerName, this, parameters, batchSize);
    return (
      this.createCachedSampler?.(compiler, program) ??
      compileArSampler({ ...program, teacher: this }, compiler)
    );
  }
}

/** Whether a teacher is a guided one, told by its form as `isDiscrete` does. */
export function isGuidedTeacher(
  teacher: ConditionalScoreTeacher & Partial<GuidedTeacher>,
): teacher is GuidedTeacher {
  return typeof teacher.logitsOfInputs === 'function' && typeof teacher.guide === 'function';
}
