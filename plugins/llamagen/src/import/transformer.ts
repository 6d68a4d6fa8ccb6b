import {
  checkSizes,
  configNumber,
  countLayers,
  matchTensors,
  missingKey,
  shapeOf,
} from '@ar-distill/backbone-kit';
import type { CheckpointListing, CheckpointPart, RecognizedPart } from '@ar-distill/core';
import type { ParameterSpecs } from '@ar-distill/nn';
import {
  hiddenWidth,
  llamagenArchitectureSchema,
  type LlamagenArchitecture,
} from '../architecture';
import { LlamagenFlowMapNetwork } from '../flow-map-network';
import { backboneSpecs, classifierSpecs, inputSpecs } from '../transformer/specs';
import { DOWNSAMPLING, imageSizeOfName, OFFICIAL_SIZES } from './official-sizes';

const WHAT = 'LlamaGen transformer';
/** Any of these names marks a state dict as a LlamaGen transformer, complete or not. */
const MARKS = [
  'layers.0.attention.wqkv.weight',
  'layers.0.feed_forward.w1.weight',
  'cls_embedding.embedding_table.weight',
];
/** DD1's networks embed vectors instead of tokens, so that only they have the bias (dd.py). */
const DD1_MARKS = ['n_d_embed.weight', 'final_layer_conti.linear.weight', 'tok_embeddings.bias'];
const DD1_NOTE = 'a Distilled Decoding 1 network: draw from it with --weights, in 1 step or 2';
/** The released DD1 models make images of this size. */
const DD1_IMAGE_SIZE = 256;

/** The codebook beside a teacher is the tokenizer's, which brings it. */
const isBuffer = (name: string): boolean =>
  name.startsWith('quantize.') ||
  name === 'freqs_cis' ||
  /\.attention\.kv_cache\.[kv]_cache$/.test(name);

/** True for a class-conditional LlamaGen transformer or a DD1 network made from one. */
export function isLlamagenTransformer({ tensors }: CheckpointPart): boolean {
  return MARKS.some((name) => Object.hasOwn(tensors, name));
}

/** The teacher or DD1 network in a state dict that `isLlamagenTransformer` is true for. */
export function recognizeTransformer(
  part: CheckpointPart,
  listing: CheckpointListing,
): RecognizedPart {
  const { config } = listing;
  const isDd1 = DD1_MARKS.some((name) => Object.hasOwn(part.tensors, name));
  const what = isDd1 ? 'LlamaGen-DD network' : WHAT;
  if (Object.hasOwn(part.tensors, 'cls_embedding.cap_proj.fc1.weight')) {
    throw new Error(`the ${what} is conditioned on text (t2i): import a c2i checkpoint`);
  }
  const [vocabSize = 0, width = 0] = shapeOf(what, part, 'output.weight', 2);
  const [classes = 0] = shapeOf(what, part, 'cls_embedding.embedding_table.weight', 2);
  const [rows = 0] = shapeOf(what, part, 'layers.0.attention.wqkv.weight', 2);
  const depth = countLayers(part, 'layers.', '.attention.wqkv.weight');
  const official = OFFICIAL_SIZES.find((size) => size.width === width && size.depth === depth);
  const heads = configNumber(config, 'heads', 'n_head') ?? official?.heads;
  if (heads === undefined) throw missingKey(what, 'heads', 'its number of heads');
  const keyValueHeads = (rows - width) / 2 / (width / heads);
  const grid = gridOf(what, listing, isDd1);
  const own = {
    gridSize: grid.size,
    vocabSize,
    numClasses: classes - 1,
    width,
    depth,
    heads,
    ...(keyValueHeads === heads ? {} : { keyValueHeads }),
    ropeBase: configNumber(config, 'ropeBase', 'rope_base') ?? 10000,
    normEpsilon: configNumber(config, 'normEpsilon', 'norm_eps') ?? 1e-5,
    ...feedForwardOf(what, part, config, width),
    ...(isDd1 ? { channels: shapeOf(what, part, 'tok_embeddings.weight', 2)[1]! } : {}),
  };
  // The tokenizer does not matter to a transformer that reads tokens: any of the size stands in for it.
  const architecture = checkSizes(what, llamagenArchitectureSchema, {
    channels: 8,
    ...own,
    tokenizer: { imageSize: grid.size, channelMultipliers: [1] },
  });
  const parameters = matchTensors(what, specsOf(architecture, isDd1), part, isBuffer);
  return {
    path: part.path,
    kind: isDd1 ? 'dd1' : 'teacher',
    label: labelOf(isDd1, official?.label ?? `depth${depth}-width${width}`, grid.size),
    architecture: own,
    parameters,
    notes: [...grid.notes, ...(isDd1 ? [DD1_NOTE] : [])],
  };
}

/** The rotary table is no tensor of the file: the grid is told by the config or the file's name. */
function gridOf(
  what: string,
  { config, fileName }: CheckpointListing,
  isDd1: boolean,
): { readonly size: number; readonly notes: readonly string[] } {
  const blockSize = configNumber(config, 'block_size');
  const given =
    configNumber(config, 'gridSize', 'grid') ??
    (blockSize === undefined ? undefined : Math.sqrt(blockSize));
  if (given !== undefined) return { size: given, notes: [] };
  const pixels = imageSizeOfName(fileName) ?? (isDd1 ? DD1_IMAGE_SIZE : undefined);
  if (pixels === undefined) {
    throw missingKey(
      what,
      'gridSize',
      'the side of its token grid (16 for 256×256, 24 for 384×384)',
    );
  }
  const size = pixels / DOWNSAMPLING;
  const reason = isDd1 ? 'that of all released DD1 models' : 'from the name of the file';
  return { size, notes: [`grid ${size}×${size}: ${reason}`] };
}

/** The hidden width of the SwiGLU layers is rounded up to a multiple, officially of 256. */
function feedForwardOf(
  what: string,
  part: CheckpointPart,
  config: CheckpointListing['config'],
  width: number,
): Partial<Pick<LlamagenArchitecture, 'multipleOf' | 'feedForwardMultiplier'>> {
  const [hidden = 0] = shapeOf(what, part, 'layers.0.feed_forward.w1.weight', 2);
  const own = {
    multipleOf: configNumber(config, 'multipleOf', 'multiple_of') ?? 256,
    feedForwardMultiplier: configNumber(config, 'feedForwardMultiplier', 'ffn_dim_multiplier') ?? 1,
  };
  if (hiddenWidth({ width, ...own }) === hidden) return own;
  throw missingKey(what, 'multipleOf', `how the hidden width ${hidden} follows from ${width}`);
}

function specsOf(architecture: LlamagenArchitecture, isDd1: boolean): ParameterSpecs {
  if (isDd1) return new LlamagenFlowMapNetwork(architecture).parameterSpecs;
  return {
    ...backboneSpecs(architecture),
    ...classifierSpecs(architecture),
    ...inputSpecs(architecture, 'table'),
  };
}

function labelOf(isDd1: boolean, size: string, grid: number): string {
  const pixels = grid * DOWNSAMPLING;
  return `${isDd1 ? 'LlamaGen-DD' : 'LlamaGen'}-${size}${pixels === 256 ? '' : `-${pixels}`}`;
}
