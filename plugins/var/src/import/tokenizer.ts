import {
  channelMultipliers,
  checkSizes,
  configNumber,
  countLayers,
  groupsOf,
  matchTensors,
  shapeOf,
} from '@ar-distill/backbone-kit';
import type { CheckpointListing, CheckpointPart, RecognizedPart } from '@ar-distill/core';
import { varArchitectureSchema, type VarArchitecture } from '../architecture';
import { VarTokenizer } from '../tokenizer/tokenizer';
import { OFFICIAL_TOKENIZER } from './official-sizes';

const WHAT = 'VAR tokenizer';
const PHI = 'quantize.quant_resi';

const isBuffer = (name: string): boolean => name === 'quantize.ema_vocab_hit_SV';

/** True for VAR's multi-scale VQ-VAE, complete or not. */
export function isVarTokenizer(part: CheckpointPart): boolean {
  return hasCodec(part) || Object.keys(part.tensors).some((name) => name.startsWith(`${PHI}.`));
}

/** Whether there is an encoder or a decoder of VAR's, or a part of one. */
export function hasCodec({ tensors }: CheckpointPart): boolean {
  return Object.keys(tensors).some((name) => /^(encoder\.down|decoder\.up)\.0\.block\./.test(name));
}

/** The tokenizer in a state dict that `isVarTokenizer` is true for. */
export function recognizeTokenizer(
  part: CheckpointPart,
  { config }: CheckpointListing,
): RecognizedPart {
  const [vocabSize = 0, channels = 0] = shapeOf(WHAT, part, 'quantize.embedding.weight', 2);
  const [baseChannels = 0, imageChannels = 0] = shapeOf(WHAT, part, 'encoder.conv_in.weight', 4);
  const firstConvolution = (level: number): string => `encoder.down.${level}.block.0.conv1.weight`;
  const levels = countLayers(part, 'encoder.down.', '.block.0.conv1.weight');
  const phi = phiOf(part, config);
  const own = {
    vocabSize,
    channels,
    phi,
    tokenizer: {
      imageChannels,
      baseChannels,
      channelMultipliers: channelMultipliers(WHAT, part, baseChannels, levels, firstConvolution),
      residualBlocks: countLayers(part, 'encoder.down.0.block.', '.conv1.weight'),
      attention: Object.hasOwn(part.tensors, 'encoder.mid.attn_1.qkv.weight'),
      ...groupsOf(config),
    },
  };
  const parameters = matchTensors(
    WHAT,
    new VarTokenizer(anyModelWith(own, scaleCount(part))).parameterSpecs,
    part,
    isBuffer,
  );
  const official = OFFICIAL_TOKENIZER;
  const isOfficial =
    vocabSize === official.vocabSize &&
    channels === official.channels &&
    baseChannels === official.baseChannels;
  return {
    path: part.path,
    kind: 'tokenizer',
    label: isOfficial ? 'VAR-VQVAE' : `VAR-VQVAE-ch${baseChannels}v${vocabSize}z${channels}`,
    architecture: own,
    parameters,
    notes: [],
  };
}

function phiOf(part: CheckpointPart, config: CheckpointListing['config']): VarArchitecture['phi'] {
  const shared = Object.hasOwn(part.tensors, `${PHI}.qresi.weight`);
  const layers = countLayers(part, `${PHI}.qresi_ls.`, '.weight');
  const perScale = countLayers(part, `${PHI}.`, '.weight');
  const first = shared ? 'qresi' : layers > 0 ? 'qresi_ls.0' : '0';
  if (!shared && layers + perScale === 0) return { layers: 0, ratio: 0, kernel: 1 };
  return {
    layers: shared ? 1 : layers,
    ratio: configNumber(config, 'phi.ratio', 'quant_resi') ?? 0.5,
    kernel: shapeOf(WHAT, part, `${PHI}.${first}.weight`, 4)[2]!,
  };
}

/** Scales that the tokenizer was trained with; one φ layer each where they are not shared. */
function scaleCount(part: CheckpointPart): number {
  return Math.max(2, countLayers(part, `${PHI}.`, '.weight'));
}

/** The tokenizer's parameters do not depend on the transformer, which may have any sizes here. */
function anyModelWith(
  own: { readonly tokenizer: { readonly channelMultipliers: readonly number[] } },
  scales: number,
): VarArchitecture {
  const imageSize = scales * 2 ** (own.tokenizer.channelMultipliers.length - 1);
  return checkSizes(WHAT, varArchitectureSchema, {
    ...own,
    patchNums: Array.from({ length: scales }, (_, i) => i + 1),
    numClasses: 1,
    width: 1,
    depth: 1,
    heads: 1,
    tokenizer: { ...own.tokenizer, imageSize },
  });
}
