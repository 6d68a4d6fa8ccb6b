import {
  type ArModel,
  arModelFields,
  latentSide,
  layerCount,
  TRANSFORMER_WEIGHT,
  transformerBlocks,
  transformerBlockSpecs,
} from '@ar-distill/backbone-kit';
import { type Condition, labelsOf, type SequenceLayout, stepOfPosition } from '@ar-distill/core';
import * as nn from '@ar-distill/nn';
import * as tf from '@tensorflow/tfjs';
import { z } from 'zod';
import { arccosSteps, haltonOrder } from './order';

const size = z.int().positive();

export const architectureSchema = z
  .strictObject({
    ...arModelFields,
    depth: layerCount,
    heads: size,
    /** K: AR steps, each a set of tokens that are made at once. */
    steps: size,
  })
  .refine(({ width, heads }) => width % heads === 0, 'The heads must divide the width.')
  .refine(
    ({ steps, tokenizer }) => steps <= latentSide(tokenizer).side ** 2,
    'There must be no more steps than tokens.',
  );
export type Architecture = z.infer<typeof architectureSchema>;

/**
 * MaskGIT's bidirectional transformer (arXiv 2202.04200) over a class token and all n tokens, of which those
 * that are not known yet are a learned mask vector. One pass for each of the K steps: what it says of a
 * position is read in the pass in which the position's own step is made.
 */
export class MaskedTransformer implements ArModel {
  readonly layout: SequenceLayout;
  readonly order: readonly number[];
  readonly parameterSpecs: nn.ParameterSpecs;

  constructor(private readonly architecture: Architecture) {
    const { channels, numClasses, steps, tokenizer, width } = architecture;
    const { side } = latentSide(tokenizer);
    this.order = haltonOrder(side);
    this.layout = { channels, stepLengths: arccosSteps(side ** 2, steps) };
    this.parameterSpecs = {
      // The row after those of the classes stands for no class.
      'class.weight': { shape: [numClasses + 1, width], init: TRANSFORMER_WEIGHT },
      'position.weight': { shape: [1 + side ** 2, width], init: TRANSFORMER_WEIGHT },
      mask: { shape: [width], init: TRANSFORMER_WEIGHT },
      ...nn.prefixed('embed', nn.linearSpecs(channels, width, TRANSFORMER_WEIGHT)),
      ...transformerBlockSpecs(architecture),
      ...nn.prefixed('norm', nn.layerNormSpecs(width)),
    };
  }

  features(parameters: nn.Parameters, codes: tf.Tensor, condition: Condition): tf.Tensor {
    const { steps, width } = this.architecture;
    const [batch, n] = codes.shape as [number, number, number];
    const own = stepOfPosition(this.layout);
    // One row per pass: [B, K, n, D].
    const known = perPass(steps, (pass) => own.map((step) => (step < pass ? 1 : 0)));
    const embedded = nn.linear(parameters, 'embed', codes).expandDims(1).mul(known);
    const masked = nn.parameter(parameters, 'mask').mul(tf.sub(1, known));
    const classes = tf.gather(nn.parameter(parameters, 'class.weight'), labelsOf(condition));
    const classTokens = tf.tile(classes.reshape([batch, 1, 1, width]), [1, steps, 1, 1]);
    const x = tf
      .concat([classTokens, embedded.add(masked)], 2)
      .reshape([batch * steps, 1 + n, width])
      .add(nn.parameter(parameters, 'position.weight'));
    const hidden = transformerBlocks(this.architecture, parameters, x)
      .reshape([batch, steps, 1 + n, width])
      .slice([0, 0, 1, 0], [batch, steps, n, width]);
    const made = perPass(steps, (pass) => own.map((step) => (step === pass ? 1 : 0)));
    return nn.layerNorm(parameters, 'norm', hidden.mul(made).sum(1));
  }
}

/** A number for every pass and position: [1, K, n, 1]. */
function perPass(passes: number, values: (pass: number) => number[]): tf.Tensor {
  const rows = Array.from({ length: passes }, (_, pass) => values(pass));
  return tf.tensor2d(rows).expandDims(0).expandDims(3);
}
