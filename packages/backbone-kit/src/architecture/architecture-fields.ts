import { z } from 'zod';

const size = z.int().positive();

/** Of no layer or more; see `layerCount`. */
const layers = z.int().max(1024, 'Networks have at most 1024 layers.');

/**
 * A number of layers. A network is made of objects for each of them, so that a forged number must not ask
 * for millions.
 */
export const layerCount = layers.positive();

/** Side of a map of tokens, all of which have a place in tables; likewise bounded. */
export const mapSide = z.int().positive().max(512, 'Maps have at most 512×512 tokens.');

/** Schema fields of a transformer that reads codes and a class. */
export const transformerFields = {
  vocabSize: size.describe('V: codes'),
  channels: size.describe('C: channels of a code'),
  numClasses: size.describe('Classes that images are generated for'),
  width: size.describe('Channels of the transformer'),
  depth: layerCount.describe('Blocks of the transformer'),
  heads: size.describe('Heads of attention'),
};

/** What classifier-free guidance needs of a teacher's training. */
export const labelDropoutField = z
  .number()
  .min(0)
  .max(1)
  .describe('Probability that the label is dropped while a teacher is trained')
  .default(0.1);

/** Schema fields of a convolutional VQ tokenizer, for the `tokenizer` of an architecture. */
export const convTokenizerFields = {
  imageSize: size.describe('Height and width in pixels'),
  imageChannels: size.describe('Channels of the image: 3 for colours, 1 for grey').default(3),
  baseChannels: size.describe('Channels that the widths of all levels are multiples of'),
  channelMultipliers: z
    .array(size)
    .min(1)
    .max(16)
    .describe('Width of every level over baseChannels; each level but the last halves the image')
    .default([1, 1, 2, 2, 4]),
  residualBlocks: layerCount
    .describe('Residual blocks per level of the encoder; the decoder has one more')
    .default(2),
  attention: z
    .boolean()
    .describe('Self-attention at the last level and in the middle')
    .default(true),
  groups: size.describe('Groups of every GroupNorm').default(32),
};

type ConvTokenizer = z.output<z.ZodObject<typeof convTokenizerFields>>;

/** Sizes of a `VqTokenizer`, with the defaults of LlamaGen's VQ-16: one token for 16×16 pixels. */
export const vqTokenizerSchema = z
  .strictObject({
    ...convTokenizerFields,
    baseChannels: convTokenizerFields.baseChannels.default(128),
    latentChannels: size
      .describe(
        'Channels between the 1×1 convolutions and the encoder and decoder (official z_channels)',
      )
      .default(256),
  })
  .superRefine((tokenizer, context) => {
    const problem = (message: string): void => {
      context.addIssue({ code: 'custom', message });
    };
    if (!groupsFit(tokenizer)) problem('The groups must divide the channels of every level.');
    const { side, formula } = latentSide(tokenizer);
    if (!Number.isInteger(side)) {
      problem(`The image must make a whole number of tokens in a row, not ${side} (${formula}).`);
    }
  });

export type VqTokenizerSizes = z.output<typeof vqTokenizerSchema>;

/** Residual blocks of the head in the paper's networks. */
const HEAD_DEPTH = 3;

/** Schema fields of the networks that are distilled, for an architecture; see `headProblem`. */
export const distilledFields = {
  codeScale: z
    .number()
    .positive()
    .describe('Factor between codes and the space of scores and heads: x_0 = codeScale · c')
    .default(1),
  headDepth: layers
    .min(0)
    .describe('Residual blocks of the diffusion head; 0 leaves linear layers and one modulation')
    .default(HEAD_DEPTH),
  headWidth: size.describe("Width of the diffusion head; the backbone's when left out").optional(),
  keepClassifier: z
    .boolean()
    .describe(
      "Whether they keep the teacher's classifier in place of a diffusion head: one step then emits the expected code, and noise tells only what comes after it",
    )
    .optional(),
};

/** A key of the head that would have no effect, and why; undefined when there is none. */
export function headProblem({
  headDepth,
  headWidth,
  keepClassifier,
}: z.output<z.ZodObject<typeof distilledFields>>):
  { readonly path: string; readonly message: string } | undefined {
  if (!keepClassifier || (headDepth === HEAD_DEPTH && headWidth === undefined)) return undefined;
  const path = headWidth === undefined ? 'headDepth' : 'headWidth';
  return { path, message: 'With keepClassifier there is no diffusion head: leave it out.' };
}

/** Side of the map of tokens that the tokenizer makes of an image, and how it comes about. */
export function latentSide({ imageSize, channelMultipliers }: ConvTokenizer): {
  readonly side: number;
  readonly formula: string;
} {
  const halvings = channelMultipliers.length - 1;
  return { side: imageSize / 2 ** halvings, formula: `imageSize / 2^${halvings}` };
}

/**
 * An architecture with the size of the image that `side` tokens and the levels of its `tokenizer` make;
 * the same one when either is not known.
 */
export function withImageSize(
  architecture: Readonly<Record<string, unknown>>,
  side: unknown,
  tokenizer: unknown,
): Readonly<Record<string, unknown>> {
  const isObject = typeof tokenizer === 'object' && tokenizer !== null;
  const levels: unknown = isObject ? Reflect.get(tokenizer, 'channelMultipliers') : undefined;
  if (typeof side !== 'number' || !isObject || !Array.isArray(levels)) return architecture;
  const imageSize = side * 2 ** (levels.length - 1);
  return { ...architecture, tokenizer: { ...tokenizer, imageSize } };
}

/** Whether the groups of GroupNorm divide the channels of every level. */
export function groupsFit({ channelMultipliers, baseChannels, groups }: ConvTokenizer): boolean {
  return channelMultipliers.every((multiplier) => (multiplier * baseChannels) % groups === 0);
}
