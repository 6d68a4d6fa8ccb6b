import { z } from 'zod';
import {
  distilledFields,
  headProblem,
  labelDropoutField,
  latentSide,
  mapSide,
  transformerFields,
  vqTokenizerSchema,
  withImageSize,
} from '@ar-distill/backbone-kit';
import type { SequenceLayout } from '@ar-distill/core';

const size = z.int().positive();

/** Sizes and options of a LlamaGen teacher, its tokenizer and the networks distilled from it. */
export const llamagenArchitectureSchema = z
  .strictObject({
    gridSize: mapSide
      .min(2)
      .describe('Side of the token grid: n = gridSize² tokens in raster order'),
    ...transformerFields,
    keyValueHeads: size
      .describe(
        'Heads of keys and values (grouped-query attention); as many as heads when left out',
      )
      .optional(),
    multipleOf: size
      .describe('The SwiGLU hidden width is rounded up to a multiple of this')
      .default(256),
    feedForwardMultiplier: z
      .number()
      .positive()
      .describe('Factor on the SwiGLU hidden width, ⌊8/3·width⌋, before it is rounded up')
      .default(1),
    ropeBase: z
      .number()
      .positive()
      .describe('Base of the frequencies of the rotary embedding')
      .default(10000),
    normEpsilon: z
      .number()
      .positive()
      .describe('Added to the mean square in RMSNorm')
      .default(1e-5),
    labelDropout: labelDropoutField,
    inputEmbedding: z
      .enum(['table', 'mlp'])
      .describe(
        'What the teacher reads: rows of the official embedding table (of the nearest codes), or an MLP of the code vectors, after adaptation to continuous input; the distilled networks have the MLP',
      )
      .default('table'),
    guidanceInterval: z
      .int()
      .min(-1)
      .describe(
        'The last decode step with guidance, counted from 0 after the prefill (official cfg_interval); −1 keeps it on',
      )
      .default(-1),
    tokenizer: vqTokenizerSchema.describe('Sizes of the VQ tokenizer'),
    ...distilledFields,
  })
  .superRefine((value, context) => {
    const problem = (path: string, message: string): void => {
      context.addIssue({ code: 'custom', path: [path], message });
    };
    const { gridSize, tokenizer, width, heads, keyValueHeads } = value;
    const latent = latentSide(tokenizer);
    if (latent.side !== gridSize) {
      problem(
        'gridSize',
        `The grid must be the tokenizer's latent size, ${latent.side} (${latent.formula}).`,
      );
    }
    if (width % (4 * heads) !== 0) {
      problem('heads', 'The heads must divide the width into multiples of 4 (2-D rotary pairs).');
    }
    if (keyValueHeads !== undefined && heads % keyValueHeads !== 0) {
      problem('keyValueHeads', 'The heads of keys and values must divide the heads.');
    }
    const head = headProblem(value);
    if (head) problem(head.path, head.message);
  });

export type LlamagenArchitecture = z.infer<typeof llamagenArchitectureSchema>;

/** A model of a few thousand parameters that reads tokens, for the conformance kit. */
export const SMALL: LlamagenArchitecture = llamagenArchitectureSchema.parse({
  gridSize: 2,
  vocabSize: 12,
  channels: 4,
  numClasses: 3,
  width: 16,
  depth: 2,
  heads: 2,
  multipleOf: 8,
  codeScale: 2,
  tokenizer: {
    imageSize: 4,
    imageChannels: 1,
    baseChannels: 8,
    channelMultipliers: [1, 1],
    latentChannels: 8,
    residualBlocks: 1,
    groups: 4,
  },
});

/** The size of the image, which the grid and the levels of the tokenizer make together. */
export function completeLlamagenArchitecture(
  architecture: Readonly<Record<string, unknown>>,
): Readonly<Record<string, unknown>> {
  const { gridSize, tokenizer } = architecture;
  return withImageSize(architecture, gridSize, tokenizer);
}

/** One AR step per token, in raster order. */
export function layoutOf({ channels, gridSize }: LlamagenArchitecture): SequenceLayout {
  return { channels, stepLengths: new Array<number>(gridSize ** 2).fill(1) };
}

/** Hidden width of the SwiGLU layers (`FeedForward` of gpt.py). */
export function hiddenWidth(
  architecture: Pick<LlamagenArchitecture, 'width' | 'multipleOf' | 'feedForwardMultiplier'>,
): number {
  const { width, multipleOf, feedForwardMultiplier } = architecture;
  const hidden = Math.floor(feedForwardMultiplier * Math.floor((2 * 4 * width) / 3));
  return Math.ceil(hidden / multipleOf) * multipleOf;
}

/** Whether the parameter belongs to the tokenizer's quantiser, which is frozen in a teacher. */
export function isQuantizerParameter(name: string): boolean {
  return name.startsWith('quantize.');
}
