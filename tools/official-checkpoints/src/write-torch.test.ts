import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { openCheckpoint } from '@ar-distill/checkpoints';
import { contentsOf, type OfficialFile } from './catalogue';
import { llamagenTokenizer, llamagenTransformer } from './llamagen-layout';
import type { StateDict } from './official-tensor';
import { varTokenizer, varTransformer } from './var-layout';
import { writeTorchFile } from './write-torch';

const FIXTURES = path.resolve(__dirname, '../../../test/fixtures');
const patchNums = [1, 2, 3, 4];
const multipliers = [1, 1, 1, 1, 2];
const tokens = { vocabSize: 64, channels: 8, baseChannels: 32, multipliers };
const varSizes = { depth: 2, width: 64, heads: 2, patchNums, numClasses: 10, ...tokens };
const gptSizes = { depth: 2, heads: 4, width: 64, multipleOf: 32, vocabSize: 64, numClasses: 10 };

describe('random official checkpoints', () => {
  let folder: string;
  beforeEach(async () => {
    folder = await mkdtemp(path.join(tmpdir(), 'official-'));
  });
  afterEach(() => rm(folder, { recursive: true }));

  // The fixtures were saved by PyTorch from the official modules.
  it.each<[string, StateDict, string]>([
    ['var-tiny/var.pth', varTransformer(varSizes), ''],
    ['var-tiny/vae.pth', varTokenizer({ patchNums, ...tokens }), ''],
    ['llamagen-tiny/gpt.pt', llamagenTransformer(gptSizes), 'model.'],
    ['llamagen-tiny/vq.pt', llamagenTokenizer({ ...tokens, latentChannels: 32 }), 'model.'],
  ])('have the names, order and shapes of %s', async (name, stateDict, prefix) => {
    const official = await openCheckpoint(path.join(FIXTURES, name));
    await official.close();
    expect(stateDict.map(({ name: key, shape }) => [`${prefix}${key}`, shape])).toEqual(
      official.names.map((key) => [key, official.specs[key]!.shape]),
    );
  });

  it('hold the official buffers', async () => {
    const file = await write('var.pth', 'bare', 'F32');
    const official = await openCheckpoint(path.join(FIXTURES, 'var-tiny/var.pth'));
    const random = await openCheckpoint(file);
    for (const name of ['lvl_1L', 'attn_bias_for_masking', 'blocks.1.attn.zero_k_bias']) {
      expect(await random.read(name)).toEqual(await official.read(name));
    }
    expect(random.storedTypes).toEqual(official.storedTypes);
    await official.close();
    await random.close();
  });

  it.each(['F32', 'F16', 'BF16'] as const)('have the official scale in %s', async (type) => {
    const file = await openCheckpoint(await write('var.pth', 'model', type));
    const { data } = await file.read('model.blocks.0.ffn.fc1.weight');
    await file.close();
    const values = Array.from(data);
    const square = values.reduce((sum, value) => sum + value * value, 0) / values.length;
    expect(Math.sqrt(square)).toBeCloseTo(Math.sqrt(1 / 64 / 3), 2);
    expect(new Set(data).size).toBeGreaterThan(type === 'BF16' ? 500 : 1000);
  });

  it('are the same for the same seed and wrapped as trainers do', async () => {
    const first = await readFile(await write('a/var.pth', 'trainer', 'F16'));
    const second = await readFile(await write('b/var.pth', 'trainer', 'F16'));
    expect(first.equals(second)).toBe(true);
    const { dicts, close } = await openCheckpoint(path.join(folder, 'a/var.pth'));
    await close();
    expect(dicts.map(({ path: place }) => place)).toEqual([
      'trainer.var_wo_ddp',
      'trainer.vae_local',
    ]);
  });

  async function write(
    name: string,
    wrapping: Parameters<typeof contentsOf>[1],
    type: Parameters<typeof writeTorchFile>[1]['type'],
  ): Promise<string> {
    const official: OfficialFile = {
      wrapping,
      stateDict: () => varTransformer(varSizes),
      tokenizer: () => varTokenizer({ patchNums, ...tokens }),
    };
    const file = path.join(folder, name);
    await writeTorchFile(file, { type, seed: 3, ...contentsOf(official, wrapping) });
    return file;
  }
});
