import {
  classCondition,
  type Condition,
  type ConditionSpace,
  type SequenceLayout,
} from '@ar-distill/core';
import type { Parameters } from '@ar-distill/nn';
import type * as tf from '@tensorflow/tfjs';
import { DiffusionHeadNetwork } from '../network/diffusion-head-network';
import type { ArModel, ArModelSizes } from './ar-model';

/** A model with a diffusion head in place of the teacher's classifier. */
export class ArModelNetwork extends DiffusionHeadNetwork {
  readonly layout: SequenceLayout;
  readonly condition: ConditionSpace;
  private readonly codeScale: number;

  constructor(
    sizes: ArModelSizes,
    private readonly model: ArModel,
  ) {
    super(model.parameterSpecs, sizes);
    this.layout = model.layout;
    this.condition = classCondition(sizes.numClasses);
    this.codeScale = sizes.codeScale;
  }

  features(parameters: Parameters, sequence: tf.Tensor, condition: Condition): tf.Tensor {
    return this.model.features(parameters, sequence.div(this.codeScale), condition);
  }
}
