import {
  channelMultipliers,
  checkSizes,
  countLayers,
  groupsOf,
  matchTensors,
  shapeOf,
} from '@ar-distill/backbone-kit';
import type { CheckpointListing, CheckpointPart, RecognizedPart } from '@ar-distill/core';
import { llamagenArchitectureSchema, type LlamagenArchitecture } from '../architecture';
import { LlamagenTokenizer } from '../tokenizer';

const WHAT = 'LlamaGen tokenizer';
const isBuffer = (name: string): boolean => name === 'quantize.codebook_used';

/** True for LlamaGen's VQ-16 or VQ-8, complete or not. */
export function isLlamagenTokenizer({ tensors }: CheckpointPart): boolean {
  return Object.keys(tensors).some((name) => /^(en|de)coder\.conv_blocks\.0\.res\./.test(name));
}

/** The tokenizer in a state dict that `isLlamagenTokenizer` is true for. */
export function recognizeTokenizer(
  part: CheckpointPart,
  { config }: CheckpointListing,
): RecognizedPart {
  const [vocabSize = 0, channels = 0] = shapeOf(WHAT, part, 'quantize.embedding.weight', 2);
  const [baseChannels = 0, imageChannels = 0] = shapeOf(WHAT, part, 'encoder.conv_in.weight', 4);
  const [latentChannels = 0] = shapeOf(WHAT, part, 'encoder.conv_out.weight', 4);
  const firstConvolution = (level: number): string =>
    `encoder.conv_blocks.${level}.res.0.conv1.weight`;
  const levels = countLayers(part, 'encoder.conv_blocks.', '.res.0.conv1.weight');
  const own = {
    vocabSize,
    channels,
    tokenizer: {
      imageChannels,
      baseChannels,
      channelMultipliers: channelMultipliers(WHAT, part, baseChannels, levels, firstConvolution),
      latentChannels,
      residualBlocks: countLayers(part, 'encoder.conv_blocks.0.res.', '.conv1.weight'),
      attention: Object.hasOwn(part.tensors, 'encoder.mid.1.q.weight'),
      ...groupsOf(config),
    },
  };
  const { parameterSpecs } = new LlamagenTokenizer(anyModelWith(own));
  const official = baseChannels === 128 && vocabSize === 16384 && channels === 8;
  const detail = official ? '' : `-ch${baseChannels}v${vocabSize}z${channels}`;
  return {
    path: part.path,
    kind: 'tokenizer',
    label: `LlamaGen-VQ-${2 ** (levels - 1)}${detail}`,
    architecture: own,
    parameters: matchTensors(WHAT, parameterSpecs, part, isBuffer),
    notes: [],
  };
}

/** The tokenizer's parameters do not depend on the transformer, which may have any sizes here. */
function anyModelWith(own: {
  readonly tokenizer: { readonly channelMultipliers: readonly number[] };
}): LlamagenArchitecture {
  const gridSize = 2;
  const imageSize = gridSize * 2 ** (own.tokenizer.channelMultipliers.length - 1);
  return checkSizes(WHAT, llamagenArchitectureSchema, {
    ...own,
    gridSize,
    numClasses: 1,
    width: 4,
    depth: 1,
    heads: 1,
    tokenizer: { ...own.tokenizer, imageSize },
  });
}
