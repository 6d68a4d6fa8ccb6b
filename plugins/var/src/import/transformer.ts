import {
  checkSizes,
  configNumber,
  configValue,
  countLayers,
  matchTensors,
  missingKey,
  shapeOf,
} from '@ar-distill/backbone-kit';
import type { CheckpointListing, CheckpointPart, RecognizedPart } from '@ar-distill/core';
import { varArchitectureSchema, type VarArchitecture } from '../architecture';
import { VarFlowMapNetwork } from '../flow-map-network';
import { classifierSpecs, transformerSpecs } from '../transformer/specs';
import {
  HEAD_WIDTH,
  OFFICIAL_PATCH_NUMS,
  OFFICIAL_TOKENIZER,
  sequenceLength,
} from './official-sizes';

const WHAT = 'VAR transformer';
/** Any of these names marks a state dict as a VAR transformer, complete or not. */
const MARKS = ['pos_1LC', 'word_embed.weight', 'blocks.0.attn.mat_qkv.weight'];
/** Either name is only in the networks of Distilled Decoding 1 (VAR/models/dd.py). */
const DD1_MARKS = ['n_d_embed.weight', 'final_layer_conti.linear.weight'];
const DD1_NOTE = 'a Distilled Decoding 1 network: draw from it with --weights, in 1 step or 2';

/** The quantiser beside a teacher is the tokenizer's, which brings it. */
const isBuffer = (name: string): boolean =>
  name.startsWith('quantize.') ||
  name === 'lvl_1L' ||
  name === 'attn_bias_for_masking' ||
  name.endsWith('.attn.zero_k_bias');

/** True for a VAR transformer or a DD1 network made from one. */
export function isVarTransformer({ tensors }: CheckpointPart): boolean {
  return MARKS.some((name) => Object.hasOwn(tensors, name));
}

/** The teacher or DD1 network in a state dict that `isVarTransformer` is true for. */
export function recognizeTransformer(
  part: CheckpointPart,
  { config }: CheckpointListing,
): RecognizedPart {
  const isDd1 = DD1_MARKS.some((name) => Object.hasOwn(part.tensors, name));
  const what = isDd1 ? 'VAR-DD network' : WHAT;
  const notes: string[] = [];
  const [width = 0, channels = 0] = shapeOf(what, part, 'word_embed.weight', 2);
  const [hidden = 0] = shapeOf(what, part, 'blocks.0.ffn.fc1.weight', 2);
  const [classes = 0] = shapeOf(what, part, 'class_emb.weight', 2);
  const [vocabSize = 0] = shapeOf(what, part, 'head.weight', 2);
  const depth = countLayers(part, 'blocks.', '.attn.mat_qkv.weight');
  const attnL2Norm = Object.hasOwn(part.tensors, 'blocks.0.attn.scale_mul_1H11');
  const patchNums = scalesOf(what, part, config, isDd1);
  const own = {
    patchNums,
    vocabSize,
    channels,
    numClasses: classes - 1,
    width,
    depth,
    heads: attnL2Norm
      ? shapeOf(what, part, 'blocks.0.attn.scale_mul_1H11', 4)[1]!
      : headsOf(what, config, width, depth),
    mlpRatio: hidden / width,
    sharedAdaLn: Object.hasOwn(part.tensors, 'blocks.0.ada_gss'),
    attnL2Norm,
  };
  // Any tokenizer stands in for the one that is not known here.
  const { baseChannels } = OFFICIAL_TOKENIZER;
  const architecture = checkSizes(what, varArchitectureSchema, {
    ...own,
    tokenizer: { imageSize: patchNums.at(-1)!, baseChannels, channelMultipliers: [1] },
  });
  const parameters = matchTensors(
    what,
    isDd1
      ? new VarFlowMapNetwork(architecture).parameterSpecs
      : { ...transformerSpecs(architecture), ...classifierSpecs(architecture) },
    part,
    isBuffer,
  );
  if (isDd1) notes.push(DD1_NOTE);
  return {
    path: part.path,
    kind: isDd1 ? 'dd1' : 'teacher',
    label: `${isDd1 ? 'VAR-DD' : 'VAR'}-${sizeName(architecture)}`,
    architecture: own,
    parameters,
    notes,
  };
}

/** DD1 reads one more token, of the size of a scale 1×1, before the sequence. */
function scalesOf(
  what: string,
  part: CheckpointPart,
  config: CheckpointListing['config'],
  isDd1: boolean,
): readonly number[] {
  const extra = isDd1 ? 1 : 0;
  const length = shapeOf(what, part, 'pos_1LC', 3)[1]! - extra;
  const scales = shapeOf(what, part, 'lvl_embed.weight', 2)[0]! - extra;
  const given = configValue(config, 'patchNums', 'patch_nums');
  const candidates = given === undefined ? OFFICIAL_PATCH_NUMS : [given];
  const found = candidates.find(
    (sides): sides is readonly number[] =>
      Array.isArray(sides) && sides.length === scales && sequenceLength(sides) === length,
  );
  if (found) return found;
  if (given === undefined) {
    throw missingKey(what, 'patchNums', `its ${scales} scales of ${length} tokens in all`);
  }
  throw new Error(
    `the config's "patchNums" does not make the ${scales} scales of ${length} tokens that the ${what} has`,
  );
}

function headsOf(
  what: string,
  config: CheckpointListing['config'],
  width: number,
  depth: number,
): number {
  const given = configNumber(config, 'heads', 'num_heads');
  if (given !== undefined) return given;
  if (width === HEAD_WIDTH * depth) return depth;
  throw missingKey(what, 'heads', 'its number of heads');
}

function sizeName({ width, depth, heads }: VarArchitecture): string {
  const isOfficial = width === HEAD_WIDTH * depth && heads === depth;
  return isOfficial ? `d${depth}` : `depth${depth}-width${width}`;
}
