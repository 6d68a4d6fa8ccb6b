import { z } from 'zod';
import type { Condition, SequenceLayout } from '@ar-distill/core';
import type { Parameters, ParameterSpecs } from '@ar-distill/nn';
import type * as tf from '@tensorflow/tfjs';
import {
  distilledFields,
  labelDropoutField,
  transformerFields,
  vqTokenizerSchema,
} from '../architecture/architecture-fields';

const size = z.int().positive();

/** Schema fields of the architectures that `arBackbone` takes; a family adds the sizes of its model. */
export const arModelFields = {
  numClasses: transformerFields.numClasses,
  vocabSize: transformerFields.vocabSize,
  channels: transformerFields.channels,
  width: size.describe('D: width of the features'),
  labelDropout: labelDropoutField,
  tokenizer: vqTokenizerSchema.describe('Sizes of the VQ tokenizer'),
  ...distilledFields,
};

/** The least that the architecture of an `arBackbone` says. */
export type ArModelSizes = z.output<z.ZodObject<typeof arModelFields>>;

/** What a family brings of its own: everything between code vectors and the head that reads the features. */
export interface ArModel {
  /** C channels, and how many positions every AR step has; together one for each token of the tokenizer. */
  readonly layout: SequenceLayout;
  /** Cell (row · side + column) of every position; raster order when left out. */
  readonly order?: readonly number[];
  readonly parameterSpecs: ParameterSpecs;
  /**
   * Features [B, n, D] that position by position say what comes there, from the code vectors `codes`
   * [B, n, C] (unscaled, near the codes but continuous) and the condition. Those of a position may depend on
   * positions of earlier AR steps alone.
   */
  features(parameters: Parameters, codes: tf.Tensor, condition: Condition): tf.Tensor;
}
