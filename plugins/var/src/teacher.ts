import type * as tf from '@tensorflow/tfjs';
import { GuidedTeacher } from '@ar-distill/backbone-kit';
import type { SequenceLayout, TeacherSampler, TeacherSamplingOptions } from '@ar-distill/core';
import { guideByRatio, rampedGuidanceRatios } from '@ar-distill/core/math';
import { linear, type Parameters, type ParameterSpecs } from '@ar-distill/nn';
import type { HostTensors, StepCompiler } from '@ar-distill/program';
import { layoutOf, type VarArchitecture } from './architecture';
import { MultiScaleQuantizer } from './quantizer/multi-scale-quantizer';
import { compileSampler } from './sampler';
import { classifierSpecs, transformerSpecs } from './transformer/specs';
import { VarTransformer } from './transformer/transformer';

/**
 * VAR as a conditional score model. Parameters have the official names; the tokenizer's `quantize.*`
 * are among them, because the next scale's input is made from code vectors.
 */
export class VarTeacher extends GuidedTeacher {
  readonly layout: SequenceLayout;
  readonly numClasses: number;
  readonly codeScale: number;
  readonly parameterSpecs: ParameterSpecs;
  readonly transformer: VarTransformer;
  readonly quantizer: MultiScaleQuantizer;

  constructor(
    readonly architecture: VarArchitecture,
    readonly sampling: TeacherSamplingOptions,
  ) {
    super();
    this.layout = layoutOf(architecture);
    this.numClasses = architecture.numClasses;
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
    return this.sampling.guidanceScale !== 0;
  }

  codebook(parameters: Parameters): tf.Tensor {
    return this.quantizer.codebook(parameters);
  }

  /** f̂ of the earlier scales at the resolution of each scale but the first, [B, n − p₁², C]. */
  inputs(parameters: Parameters, codes: tf.Tensor): tf.Tensor {
    return this.quantizer.nextScaleInputs(parameters, codes);
  }

  logitsOfInputs(parameters: Parameters, inputs: tf.Tensor, labels: tf.Tensor): tf.Tensor {
    const features = this.transformer.featuresOfInputs(parameters, inputs, labels);
    return linear(parameters, 'head', features);
  }

  guide(conditional: tf.Tensor, unconditional: tf.Tensor): tf.Tensor {
    const ratios = rampedGuidanceRatios(this.layout, this.sampling.guidanceScale);
    return guideByRatio(conditional, unconditional, ratios);
  }

  createSampler(
    compiler: StepCompiler,
    parameters: Readonly<HostTensors>,
    batchSize: number,
  ): Promise<TeacherSampler> {
    return compileSampler(this, compiler, parameters, batchSize);
  }
}
