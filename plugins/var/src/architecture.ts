import { z } from 'zod';
import {
  convTokenizerFields,
  distilledFields,
  groupsFit,
  headProblem,
  labelDropoutField,
  latentSide,
  mapSide,
  transformerFields,
  withImageSize,
} from '@ar-distill/backbone-kit';
import type { SequenceLayout } from '@ar-distill/core';

const size = z.int().positive();

/** φ: the convolutions that follow the up-sampling of a token map in the multi-scale quantiser. */
const phiSchema = z.strictObject({
  layers: z
    .int()
    .min(0)
    .max(1024)
    .describe('0: one per scale; 1: one for all; K: K layers, each shared by neighbouring scales')
    .default(4),
  ratio: z
    .number()
    .min(0)
    .max(1)
    .describe('φ(x) = (1 − ratio)·x + ratio·conv(x); 0 is the identity, without parameters')
    .default(0.5),
  kernel: size.describe('Side of the kernels').default(3),
});

const tokenizerSchema = z.strictObject({
  ...convTokenizerFields,
  baseChannels: convTokenizerFields.baseChannels.default(160),
});

/** Sizes and options of a VAR teacher, its tokenizer and the networks distilled from it. */
export const varArchitectureSchema = z
  .strictObject({
    patchNums: z.array(mapSide).min(2).max(64).describe('Side of the token map at every scale'),
    ...transformerFields,
    mlpRatio: z.number().positive().describe('Hidden width of the MLPs over the width').default(4),
    sharedAdaLn: z
      .boolean()
      .describe('One modulation layer for all blocks, plus an offset in each')
      .default(false),
    attnL2Norm: z
      .boolean()
      .describe('Unit-length queries and keys with a learned temperature per head')
      .default(true),
    labelDropout: labelDropoutField,
    phi: phiSchema
      .describe('φ: the convolutions that follow the up-sampling of a token map in the quantiser')
      .prefault({}),
    tokenizer: tokenizerSchema.describe('Sizes of the multi-scale VQ tokenizer'),
    noiseInput: z
      .enum(['accumulated', 'raw'])
      .describe(
        "What the generator's backbone reads at scales 2 … S: the noise of all earlier scales, accumulated as tokens are, or that of the scale before alone",
      )
      .default('accumulated'),
    ...distilledFields,
  })
  .superRefine((value, context) => {
    const problem = (path: string, message: string): void => {
      context.addIssue({ code: 'custom', path: [path], message });
    };
    const { patchNums, tokenizer } = value;
    const latent = latentSide(tokenizer);
    if (latent.side !== patchNums.at(-1)) {
      problem(
        'patchNums',
        `The last scale must be the tokenizer's latent size, ${latent.side} (${latent.formula}).`,
      );
    }
    if (patchNums.some((side, i) => i > 0 && side <= patchNums[i - 1]!)) {
      problem('patchNums', 'The scales must grow from one to the next.');
    }
    if (value.width % value.heads !== 0) problem('heads', 'The heads must divide the width.');
    const head = headProblem(value);
    if (head) problem(head.path, head.message);
    if (!groupsFit(tokenizer)) {
      problem('tokenizer', 'The groups must divide the channels of every level.');
    }
  });

export type VarArchitecture = z.infer<typeof varArchitectureSchema>;

/** A model of a few thousand parameters, for the conformance kit. */
export const SMALL: VarArchitecture = varArchitectureSchema.parse({
  patchNums: [1, 2, 4],
  vocabSize: 16,
  channels: 4,
  numClasses: 3,
  width: 16,
  depth: 2,
  heads: 2,
  codeScale: 2,
  tokenizer: {
    imageSize: 8,
    imageChannels: 1,
    baseChannels: 8,
    channelMultipliers: [1, 1],
    residualBlocks: 1,
    groups: 4,
  },
});

/**
 * Hidden width of the MLPs: `width · mlpRatio` rounded to the nearest whole number, halves to the
 * even one as Python's `round` does (basic_var.py).
 */
export function hiddenWidth({ width, mlpRatio }: VarArchitecture): number {
  const product = width * mlpRatio;
  const below = Math.floor(product);
  const isHalf = product - below === 0.5;
  return isHalf ? below + (below % 2) : Math.round(product);
}

/** The size of the image, which the last scale and the levels of the tokenizer make together. */
export function completeVarArchitecture(
  architecture: Readonly<Record<string, unknown>>,
): Readonly<Record<string, unknown>> {
  const { patchNums, tokenizer } = architecture;
  const side: unknown = Array.isArray(patchNums) ? patchNums.at(-1) : undefined;
  return withImageSize(architecture, side, tokenizer);
}

/** One AR step per scale. */
export function layoutOf({ channels, patchNums }: VarArchitecture): SequenceLayout {
  return { channels, stepLengths: patchNums.map((side) => side * side) };
}
