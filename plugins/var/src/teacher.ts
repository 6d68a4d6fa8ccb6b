import type * as tf from '@tensorflow/tfjs';
import { GuidedTeacher } from '@ar-distill/backbone-kit';
import {
  classCondition,
  type Condition,
  type ConditionSpace,
  type GuidanceRange,
  labelsOf,
  type SequenceLayout,
  type SequenceSampler,
  type TeacherGuidance,
  type TeacherSamplingOptions,
  withGuidance,
} from '@ar-distill/core';
import { guideByRatio, rampedGuidanceRatios } from '@ar-distill/core/math';
import type { ArSteps, ChoosingProgram } from '@ar-distill/core/sampling';
import { linear, type Parameters, type ParameterSpecs } from '@ar-distill/nn';
import type { StepCompiler } from '@ar-distill/program';
import { layoutOf, type VarArchitecture } from './architecture';
import { MultiScaleQuantizer } from './quantizer/multi-scale-quantizer';
import { cachedSampler, cachedSteps } from './sampler';
import { classifierSpecs, transformerSpecs } from './transformer/specs';
import { VarTransformer } from './transformer/transformer';

/**
 * VAR as a conditional score model. Parameters have the official names; the tokenizer's `quantize.*`
 * are among them, because the next scale's input is made from code vectors.
 */
export class VarTeacher extends GuidedTeacher {
  override readonly samplingStream = 'var-teacher-tokens';
  protected override readonly samplerName = 'VAR teacher';
  readonly layout: SequenceLayout;
  readonly condition: ConditionSpace;
  readonly codeScale: number;
  override readonly guidance: TeacherGuidance;
  readonly parameterSpecs: ParameterSpecs;
  readonly transformer: VarTransformer;
  readonly quantizer: MultiScaleQuantizer;

  /** `guidanceRange`: where every sample says its guidance scale. */
  constructor(
    readonly architecture: VarArchitecture,
    readonly sampling: TeacherSamplingOptions,
    guidanceRange?: GuidanceRange,
  ) {
    super();
    this.layout = layoutOf(architecture);
    const classes = classCondition(architecture.numClasses);
    const scale = sampling.guidanceScale;
    this.condition = withGuidance(classes, guidanceRange && { range: guidanceRange, scale });
    this.guidance = { scale, over: (range) => new VarTeacher(architecture, sampling, range) };
    this.codeScale = architecture.codeScale;
    this.transformer = new VarTransformer(architecture);
    this.quantizer = new MultiScaleQuantizer(architecture);
    this.parameterSpecs = {
      ...transformerSpecs(architecture),
      ...classifierSpecs(architecture),
      ...this.quantizer.parameterSpecs,
    };
  }

  get isGuided(): boolean {
    return this.condition.guidance !== undefined || this.sampling.guidanceScale !== 0;
  }

  codebook(parameters: Parameters): tf.Tensor {
    return this.quantizer.codebook(parameters);
  }

  /** f̂ of the earlier scales at the resolution of each scale but the first, [B, n − p₁², C]. */
  inputs(parameters: Parameters, codes: tf.Tensor): tf.Tensor {
    return this.quantizer.nextScaleInputs(parameters, codes);
  }

  logitsOfInputs(parameters: Parameters, inputs: tf.Tensor, condition: Condition): tf.Tensor {
    const features = this.transformer.featuresOfInputs(parameters, inputs, labelsOf(condition));
    return linear(parameters, 'head', features);
  }

  guide(conditional: tf.Tensor, unconditional: tf.Tensor, scales?: tf.Tensor): tf.Tensor {
    const ratios = rampedGuidanceRatios(this.layout, scales ?? this.sampling.guidanceScale);
    return guideByRatio(conditional, unconditional, ratios);
  }

  /** Keeps the keys and values of earlier scales. */
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
