import type * as tf from '@tensorflow/tfjs';
import { DiffusionHeadNetwork } from '@ar-distill/backbone-kit';
import {
  classCondition,
  type Condition,
  type ConditionSpace,
  labelsOf,
  type SequenceLayout,
} from '@ar-distill/core';
import type { Parameters } from '@ar-distill/nn';
import { layoutOf, type VarArchitecture } from './architecture';
import { isQuantizerParameter, MultiScaleQuantizer } from './quantizer/multi-scale-quantizer';
import { classifierSpecs, transformerSpecs } from './transformer/specs';
import { VarTransformer } from './transformer/transformer';

/**
 * The VAR transformer with its classifier replaced by a diffusion head (DD2, section 3.2.3). Its
 * quantiser, which turns the sequence into the transformer's input, is a frozen copy of the
 * teacher's.
 */
export class VarNetwork extends DiffusionHeadNetwork {
  readonly layout: SequenceLayout;
  readonly condition: ConditionSpace;
  private readonly transformer: VarTransformer;
  private readonly quantizer: MultiScaleQuantizer;

  /** `input`: how the backbone reads a sequence; the teacher's is accumulated. */
  constructor(
    private readonly architecture: VarArchitecture,
    private readonly input: VarArchitecture['noiseInput'] = 'accumulated',
  ) {
    const quantizer = new MultiScaleQuantizer(architecture);
    super({ ...transformerSpecs(architecture), ...quantizer.parameterSpecs }, architecture, {
      layer: 'head',
      specs: classifierSpecs(architecture),
      codebook: (parameters) => quantizer.codebook(parameters).mul(architecture.codeScale),
    });
    this.layout = layoutOf(architecture);
    this.condition = classCondition(architecture.numClasses);
    this.transformer = new VarTransformer(architecture);
    this.quantizer = quantizer;
  }

  override isTrainable(name: string): boolean {
    return !isQuantizerParameter(name);
  }

  features(parameters: Parameters, sequence: tf.Tensor, condition: Condition): tf.Tensor {
    const codes = sequence.div(this.architecture.codeScale);
    const inputs =
      this.input === 'raw'
        ? this.quantizer.upsampledScales(codes)
        : this.quantizer.nextScaleInputs(parameters, codes);
    return this.transformer.featuresOfInputs(parameters, inputs, labelsOf(condition));
  }
}
