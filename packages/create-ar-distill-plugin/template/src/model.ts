import {
  type ArModel,
  arModelFields,
  latentSide,
  layerCount,
  TRANSFORMER_WEIGHT,
  transformerBlocks,
  transformerBlockSpecs,
  withoutLast,
} from '@ar-distill/backbone-kit';
import { type Condition, labelsOf, type SequenceLayout } from '@ar-distill/core';
import * as nn from '@ar-distill/nn';
import * as tf from '@tensorflow/tfjs';
import { z } from 'zod';

/** TODO: the sizes of your model, beside those of classes, codes, tokenizer and head. */
export const architectureSchema = z
  .strictObject({ ...arModelFields, depth: layerCount, heads: z.int().positive() })
  .refine(({ width, heads }) => width % heads === 0, 'The heads must divide the width.');
export type Architecture = z.infer<typeof architectureSchema>;

/** TODO: your model. This one is a causal transformer: one token after the other, row by row. */
export class Model implements ArModel {
  readonly layout: SequenceLayout;
  readonly parameterSpecs: nn.ParameterSpecs;

  constructor(private readonly architecture: Architecture) {
    const { channels, numClasses, tokenizer, width } = architecture;
    const tokens = latentSide(tokenizer).side ** 2;
    this.layout = { channels, stepLengths: new Array<number>(tokens).fill(1) };
    this.parameterSpecs = {
      // The row after those of the classes stands for no class.
      'class.weight': { shape: [numClasses + 1, width], init: TRANSFORMER_WEIGHT },
      'position.weight': { shape: [tokens, width], init: TRANSFORMER_WEIGHT },
      ...nn.prefixed('embed', nn.linearSpecs(channels, width, TRANSFORMER_WEIGHT)),
      ...transformerBlockSpecs(architecture),
      ...nn.prefixed('norm', nn.layerNormSpecs(width)),
    };
  }

  features(parameters: nn.Parameters, codes: tf.Tensor, condition: Condition): tf.Tensor {
    const classes = tf.gather(nn.parameter(parameters, 'class.weight'), labelsOf(condition));
    // Every position reads the class and the codes before its own.
    const read = nn.linear(parameters, 'embed', withoutLast(codes));
    const positions = nn.parameter(parameters, 'position.weight');
    const x = tf.concat([classes.expandDims(1), read], 1).add(positions);
    const steps = this.layout.stepLengths.map((_, step) => step);
    const mask = nn.blockCausalMask(steps, steps);
    const hidden = transformerBlocks(this.architecture, parameters, x, mask);
    return nn.layerNorm(parameters, 'norm', hidden);
  }
}
