import { readFileSync } from 'node:fs';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import {
  llamagenDdNetwork,
  llamagenTokenizer,
  llamagenTransformer,
  varDdNetwork,
  varTokenizer,
  varTransformer,
  writeTorchFile,
  type StateDict,
  type TorchFile,
} from '@ar-distill/official-checkpoints';

/** A real checkpoint and what its tensors do not tell. */
export interface Seed {
  readonly name: string;
  readonly bytes: Buffer;
  readonly config: Readonly<Record<string, unknown>>;
  /** Names and shapes, for mutations that write the pickle anew. */
  readonly stateDict: StateDict;
}

const FIXTURES = path.resolve(__dirname, '../../../test/fixtures');

const varSizes = {
  depth: 1,
  width: 16,
  heads: 2,
  patchNums: [1, 2],
  vocabSize: 8,
  channels: 4,
  numClasses: 2,
};
const varTokens = {
  patchNums: [1, 2],
  vocabSize: 8,
  channels: 4,
  baseChannels: 32,
  multipliers: [1, 1],
};
const gptSizes = { depth: 1, width: 16, heads: 2, multipleOf: 16, vocabSize: 8, numClasses: 2 };
const varConfig = { patchNums: varSizes.patchNums };
const gptConfig = { gridSize: 2, heads: 2, multipleOf: 16 };

/** Files of the official form at tiny size, and the small fixtures of the tests. */
export async function loadSeeds(): Promise<readonly Seed[]> {
  const vq = { vocabSize: 8, baseChannels: 32, multipliers: [1, 1], latentChannels: 8 };
  return [
    await written('var.pth', varTransformer(varSizes), varConfig),
    await written('vae.pth', varTokenizer(varTokens), {}),
    await written('gpt.pt', llamagenTransformer(gptSizes), gptConfig, 'model'),
    await written('vq.pt', llamagenTokenizer(vq), {}, 'model'),
    await written('var-dd.pth', varDdNetwork(varSizes), varConfig),
    await written('gpt-dd.pt', llamagenDdNetwork(gptSizes), gptConfig, 'ema'),
    fixture('var-tiny', 'var.pth'),
    fixture('llamagen-tiny', 'gpt.pt'),
  ];
}

async function written(
  name: string,
  stateDict: StateDict,
  config: Readonly<Record<string, unknown>>,
  key?: string,
): Promise<Seed> {
  const folder = await mkdtemp(path.join(tmpdir(), 'ar-distill-seed-'));
  try {
    const file = path.join(folder, name);
    const contents: TorchFile = {
      type: 'F16',
      seed: 1,
      stateDicts: { main: stateDict },
      wrap: ({ main }) => (key === undefined ? main! : { [key]: main!, steps: 1 }),
    };
    await writeTorchFile(file, contents);
    return { name, bytes: await readFile(file), config, stateDict };
  } finally {
    await rm(folder, { recursive: true });
  }
}

function fixture(folder: string, name: string): Seed {
  const config = readFileSync(path.join(FIXTURES, folder, 'config.json'), 'utf8');
  return {
    name,
    bytes: readFileSync(path.join(FIXTURES, folder, name)),
    config: JSON.parse(config) as Record<string, unknown>,
    stateDict: varTransformer(varSizes),
  };
}
