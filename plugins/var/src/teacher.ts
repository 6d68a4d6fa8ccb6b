import {
  DiscreteScoreTeacher,
  guideByRatio,
  rampedGuidanceRatios,
  truncatedLogProbs,
  type SequenceLayout,
  type StepCompiler,
  type TeacherSampler,
  type TeacherSamplingOptions,
} from '@ar-distill/core';
import { linear, type HostTensors, type Parameters, type ParameterSpecs } from '@ar-distill/nn';
import * as tf from '@tensorflow/tfjs';
import { layoutOf, type VarArchitecture } from './architecture';
import { MultiScaleQuantizer } from './quantizer/multi-scale-quantizer';
import { compileSampler } from './sampler';
import { classifierSpecs, transformerSpecs } from './transformer/specs';
import { VarTransformer } from './transformer/transformer';

/**
 * VAR as a conditional score model. Parameters have the official names; the tokenizer's `quantize.*`
 * are among them, because the next scale's input is made from code vectors.
 */
export class VarTeacher extends DiscreteScoreTeacher {
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

  /** Guidance needs a second, unconditional pass. */
  get isGuided(): boolean {
    return this.sampling.guidanceScale !== 0;
  }

  scaledCodebook(parameters: Parameters): tf.Tensor {
    return this.quantizer.codebook(parameters).mul(this.codeScale);
  }

  /**
   * Raw teacher-forced logits [B, n, V] after the code vectors `codes` [B, n, C] (unscaled), without
   * guidance; the label `numClasses` is the unconditional one.
   */
  logits(parameters: Parameters, codes: tf.Tensor, labels: tf.Tensor): tf.Tensor {
    return this.forcedLogits(
      parameters,
      this.quantizer.nextScaleInputs(parameters, codes),
      this.transformer.classEmbedding(parameters, labels),
    );
  }

  logProbs(parameters: Parameters, sequence: tf.Tensor, labels: tf.Tensor): tf.Tensor {
    const codes = sequence.div(this.codeScale);
    if (!this.isGuided) {
      return truncatedLogProbs(this.logits(parameters, codes, labels), this.sampling);
    }
    const inputs = this.quantizer.nextScaleInputs(parameters, codes);
    const logits = this.forcedLogits(
      parameters,
      tf.concat([inputs, inputs], 0),
      this.transformer.classEmbedding(parameters, this.withUnconditional(labels)),
    );
    const [conditional, unconditional] = tf.split(logits, 2, 0) as [tf.Tensor, tf.Tensor];
    const ratios = rampedGuidanceRatios(this.layout, this.sampling.guidanceScale);
    return truncatedLogProbs(guideByRatio(conditional, unconditional, ratios), this.sampling);
  }

  /** `labels` [B] followed by B unconditional labels: [2B]. */
  withUnconditional(labels: tf.Tensor): tf.Tensor {
    const none = tf.fill(labels.shape, this.numClasses, 'int32');
    return tf.concat([labels.toInt(), none], 0);
  }

  createSampler(
    compiler: StepCompiler,
    parameters: Readonly<HostTensors>,
    batchSize: number,
  ): Promise<TeacherSampler> {
    return compileSampler(this, compiler, parameters, batchSize);
  }

  private forcedLogits(
    parameters: Parameters,
    nextScaleInputs: tf.Tensor,
    classEmbedding: tf.Tensor,
  ): tf.Tensor {
    const embedded = this.transformer.embed(parameters, classEmbedding, nextScaleInputs);
    const condition = this.transformer.condition(parameters, classEmbedding);
    const features = this.transformer.features(parameters, embedded, condition);
    return linear(parameters, 'head', features);
  }
}
