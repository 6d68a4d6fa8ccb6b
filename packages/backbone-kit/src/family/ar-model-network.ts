import {
  classCondition,
  type Condition,
  type ConditionSpace,
  type SequenceLayout,
} from '@ar-distill/core';
import type { Parameters } from '@ar-distill/nn';
import type * as tf from '@tensorflow/tfjs';
import { DiffusionHeadNetwork } from '../network/diffusion-head-network';
import { UNIT_CODEBOOK, unitCodes } from '../tokenizer/unit-codes';
import type { ArModel, ArModelSizes } from './ar-model';
import { CLASSIFIER, classifierSpecs } from './ar-model-teacher';

/** A model with a diffusion head in place of the teacher's classifier, or with that classifier kept. */
export class ArModelNetwork extends DiffusionHeadNetwork {
  readonly layout: SequenceLayout;
  readonly condition: ConditionSpace;
  private readonly codeScale: number;

  constructor(
    sizes: ArModelSizes,
    private readonly model: ArModel,
  ) {
    super(model.parameterSpecs, sizes, {
      layer: CLASSIFIER,
      specs: classifierSpecs(sizes),
      codebook: (parameters) => unitCodes(parameters).mul(sizes.codeScale),
    });
    this.layout = model.layout;
    this.condition = classCondition(sizes.numClasses);
    this.codeScale = sizes.codeScale;
  }

  /** The codes, which a kept classifier emits, are the tokenizer's. */
  override isTrainable(name: string): boolean {
    return name !== UNIT_CODEBOOK;
  }

  features(parameters: Parameters, sequence: tf.Tensor, condition: Condition): tf.Tensor {
    return this.model.features(parameters, sequence.div(this.codeScale), condition);
  }
}
