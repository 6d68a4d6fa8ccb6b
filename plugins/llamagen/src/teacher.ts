import * as tf from '@tensorflow/tfjs';
import { GuidedTeacher, unitCodebookSpecs, unitCodes, withoutLast } from '@ar-distill/backbone-kit';
import {
  classCondition,
  type Condition,
  type ConditionSpace,
  type GuidanceRange,
  labelsOf,
  type SequenceLayout,
  sequenceLength,
  type SequenceSampler,
  type TeacherGuidance,
  type TeacherSamplingOptions,
  withGuidance,
} from '@ar-distill/core';
import { guideByScale, nearestCodes } from '@ar-distill/core/math';
import type { ArSteps, ChoosingProgram } from '@ar-distill/core/sampling';
import { linear, type Parameters, type ParameterSpecs, withoutGradient } from '@ar-distill/nn';
import type { StepCompiler } from '@ar-distill/program';
import { layoutOf, type LlamagenArchitecture } from './architecture';
import { cachedSampler, cachedSteps } from './sampler';
import { backboneSpecs, classifierSpecs, inputSpecs } from './transformer/specs';
import { LlamagenTransformer } from './transformer/transformer';

/**
 * LlamaGen as a conditional score model. Parameters have the official names; the tokenizer's
 * codebook is among them. Codes are l2-normalised everywhere, the sequence that is read is not.
 */
export class LlamagenTeacher extends GuidedTeacher {
  override readonly samplingStream = 'llamagen-teacher-tokens';
  protected override readonly samplerName = 'LlamaGen teacher';
  readonly layout: SequenceLayout;
  readonly condition: ConditionSpace;
  readonly codeScale: number;
  override readonly guidance: TeacherGuidance;
  readonly parameterSpecs: ParameterSpecs;
  readonly transformer: LlamagenTransformer;

  /** `guidanceRange`: where every sample says its guidance scale. */
  constructor(
    readonly architecture: LlamagenArchitecture,
    readonly sampling: TeacherSamplingOptions,
    guidanceRange?: GuidanceRange,
  ) {
    super();
    this.layout = layoutOf(architecture);
    const classes = classCondition(architecture.numClasses);
    const scale = sampling.guidanceScale;
    this.condition = withGuidance(classes, guidanceRange && { range: guidanceRange, scale });
    this.guidance = { scale, over: (range) => new LlamagenTeacher(architecture, sampling, range) };
    this.codeScale = architecture.codeScale;
    this.transformer = new LlamagenTransformer(architecture);
    this.parameterSpecs = {
      ...backboneSpecs(architecture),
      ...inputSpecs(architecture, architecture.inputEmbedding),
      ...classifierSpecs(architecture),
      ...unitCodebookSpecs(architecture),
    };
  }

  get isGuided(): boolean {
    return this.condition.guidance !== undefined || this.sampling.guidanceScale > 1;
  }

  /**
   * Guidance scales at positions of which `guided` is 1 within the guidance interval and 0 behind it, where they are 1
   * (off): of the samples that `scales` has, else the options' one. The three broadcast.
   */
  guidanceScales(guided: tf.Tensor, scales?: tf.Tensor): tf.Tensor {
    return guided.mul(scales ?? this.sampling.guidanceScale).add(tf.sub(1, guided));
  }

  /** 1 at positions within the guidance interval, 0 behind it (`decode_n_tokens`). */
  guidedPositions(): number[] {
    const { guidanceInterval } = this.architecture;
    return this.layout.stepLengths.map((_, position) =>
      // Position 0 is the prefill; decode steps are counted from 0 after it.
      guidanceInterval > -1 && position - 1 > guidanceInterval ? 0 : 1,
    );
  }

  /** Codes [V, C] of unit length, unscaled. */
  codebook(parameters: Parameters): tf.Tensor {
    return unitCodes(parameters);
  }

  /**
   * Embeddings [B, n − 1, D] of all code vectors but the last. A teacher with the embedding table
   * reads the nearest codes, as constants.
   */
  inputs(parameters: Parameters, codes: tf.Tensor): tf.Tensor {
    const read = withoutLast(codes);
    if (this.architecture.inputEmbedding === 'mlp') {
      return this.transformer.continuousEmbedding(parameters, read);
    }
    const tokens = withoutGradient(() => nearestCodes(read, this.codebook(parameters)));
    return this.transformer.tokenEmbedding(parameters, tokens);
  }

  logitsOfInputs(parameters: Parameters, inputs: tf.Tensor, condition: Condition): tf.Tensor {
    const classToken = this.transformer.classToken(parameters, labelsOf(condition));
    return linear(parameters, 'output', this.transformer.features(parameters, classToken, inputs));
  }

  /** Reads the tokens themselves, not the codes nearest to their codes. */
  override logitsOfTokens(
    parameters: Parameters,
    tokens: tf.Tensor,
    condition: Condition,
  ): tf.Tensor {
    const inputs = this.inputOfTokens(parameters, withoutLast(tokens));
    return this.logitsOfInputs(parameters, inputs, condition);
  }

  guide(conditional: tf.Tensor, unconditional: tf.Tensor, scales?: tf.Tensor): tf.Tensor {
    const guided = tf.tensor3d(this.guidedPositions(), [1, sequenceLength(this.layout), 1]);
    const own = this.guidanceScales(guided, scales?.reshape([-1, 1, 1]));
    return guideByScale(conditional, unconditional, own);
  }

  /** What the transformer reads for `tokens` [...] int32: [..., D]. */
  inputOfTokens(parameters: Parameters, tokens: tf.Tensor): tf.Tensor {
    if (this.architecture.inputEmbedding === 'table') {
      return this.transformer.tokenEmbedding(parameters, tokens);
    }
    const codes = tf.gather(this.codebook(parameters), tokens.toInt());
    return this.transformer.continuousEmbedding(parameters, codes);
  }

  /** Keeps the keys and values of earlier tokens. */
  override createCachedSampler(
    compiler: StepCompiler,
    program: ChoosingProgram,
  ): Promise<SequenceSampler> {
    return cachedSampler(this, program, compiler);
  }

  override cachedSteps(program: Pick<ChoosingProgram, 'batchSize' | 'choose'>): ArSteps {
    return cachedSteps(this, program);
  }
}
