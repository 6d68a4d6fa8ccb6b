import {
  classCondition,
  type Condition,
  type ConditionSpace,
  type SequenceLayout,
  type TeacherSamplingOptions,
} from '@ar-distill/core';
import { guideByScale } from '@ar-distill/core/math';
import {
  linear,
  linearSpecs,
  type Parameters,
  type ParameterSpecs,
  prefixed,
} from '@ar-distill/nn';
import type * as tf from '@tensorflow/tfjs';
import { GuidedTeacher } from '../teacher/guided-teacher';
import { unitCodebookSpecs, unitCodes } from '../tokenizer/unit-codes';
import type { ArModel, ArModelSizes } from './ar-model';

/** Name of the linear classifier. */
export const CLASSIFIER = 'output';

/** The classifier and the codes that it scores. */
export function classifierSpecs(sizes: ArModelSizes): ParameterSpecs {
  return {
    // At rest: the first loss is that of guessing.
    ...prefixed(CLASSIFIER, linearSpecs(sizes.width, sizes.vocabSize, { kind: 'zeros' })),
    ...unitCodebookSpecs(sizes),
  };
}

/** A model with a linear classifier of unit codes; guided as LlamaGen is, by a scale above 1. */
export class ArModelTeacher extends GuidedTeacher {
  readonly layout: SequenceLayout;
  readonly condition: ConditionSpace;
  readonly codeScale: number;
  readonly parameterSpecs: ParameterSpecs;

  constructor(
    sizes: ArModelSizes,
    private readonly model: ArModel,
    readonly sampling: TeacherSamplingOptions,
  ) {
    super();
    this.layout = model.layout;
    this.condition = classCondition(sizes.numClasses);
    this.codeScale = sizes.codeScale;
    this.parameterSpecs = { ...model.parameterSpecs, ...classifierSpecs(sizes) };
  }

  get isGuided(): boolean {
    return this.sampling.guidanceScale > 1;
  }

  codebook(parameters: Parameters): tf.Tensor {
    return unitCodes(parameters);
  }

  inputs(_parameters: Parameters, codes: tf.Tensor): tf.Tensor {
    return codes;
  }

  logitsOfInputs(parameters: Parameters, inputs: tf.Tensor, condition: Condition): tf.Tensor {
    return linear(parameters, CLASSIFIER, this.model.features(parameters, inputs, condition));
  }

  guide(conditional: tf.Tensor, unconditional: tf.Tensor): tf.Tensor {
    return guideByScale(conditional, unconditional, this.sampling.guidanceScale);
  }
}
