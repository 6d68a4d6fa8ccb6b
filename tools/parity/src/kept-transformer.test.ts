import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { createEngine } from '@ar-distill/engine';
import * as tf from '@tensorflow/tfjs';
import { compareSpecs } from './compare';
import { llamagenDdFamily, varDdFamily } from './dd-families';
import type { Family } from './family';
import { keepTransformer, readKept } from './kept-transformer';
import { llamagenFamily } from './llamagen-family';
import { varFamily } from './var-family';

/** Written by `main.ts --keep` with official code on PyTorch 1.13. */
const FIXTURES = path.join(__dirname, '../../../test/fixtures/parity');
const engine = createEngine({ worker: false, threads: 1 });

beforeAll(() => {
  tf.enableProdMode();
});
afterAll(() => engine.dispose());

/** What differs from the official code in a folder that the sweep kept. */
async function differences<A, S>(family: Family<A, S>, name: string): Promise<string[]> {
  const { configuration, weights, outputs } = await readKept(family, path.join(FIXTURES, name));
  const outcomes = [
    compareSpecs(family.specs(configuration.architecture).transformer, weights, family.buffers),
    ...(await family.transformer(configuration, weights, outputs, engine)),
  ];
  expect(outcomes.length).toBeGreaterThan(5);
  return outcomes.filter(({ ok }) => !ok).map((outcome) => JSON.stringify(outcome));
}

describe('kept cases of the official code', () => {
  it.each([
    ['a hidden width that is rounded to even, shared adaLN, one φ', 'var-0-9'],
    ['scales with gaps, no l2 norm, three φ without their input', 'var-0-11'],
  ])('VAR: %s', async (_, name) => {
    expect(await differences(varFamily, name)).toEqual([]);
  });

  it.each([
    ['guidance at the first two tokens only', 'llamagen-0-16'],
    ['grouped keys, guidance over an interval', 'llamagen-0-25'],
  ])('LlamaGen: %s', async (_, name) => {
    expect(await differences(llamagenFamily, name)).toEqual([]);
  });

  it.each([
    ['scales from 2×2 on, shared adaLN', 'var-dd-0-13'],
    ['own adaLN, q/k l2 norm, one head', 'var-dd-0-28'],
  ])('VAR-DD: %s', async (_, name) => {
    expect(await differences(varDdFamily, name)).toEqual([]);
  });

  it.each([
    ['two blocks', 'llamagen-dd-0-22'],
    ['grouped keys', 'llamagen-dd-0-29'],
  ])('LlamaGen-DD: %s', async (_, name) => {
    expect(await differences(llamagenDdFamily, name)).toEqual([]);
  });

  it('would notice another weight', async () => {
    const folder = path.join(FIXTURES, 'var-0-9');
    const { configuration, weights, outputs } = await readKept(varFamily, folder);
    const name = 'blocks.0.ffn.fc2.bias';
    const { shape, data } = weights[name]!;
    const moved = {
      shape,
      dtype: 'float32' as const,
      data: Float32Array.from(data, (x) => x + 0.01),
    };
    const outcomes = await varFamily.transformer(
      configuration,
      { ...weights, [name]: moved },
      outputs,
      engine,
    );
    expect(outcomes.filter(({ ok }) => !ok).map((outcome) => outcome.name)).toEqual(
      expect.arrayContaining(['logits_cond', 'logits_uncond', 'trunc_probs']),
    );
  });
});

it('keeps a case as it was read', async () => {
  const folder = mkdtempSync(path.join(tmpdir(), 'ar-distill-kept-'));
  const source = path.join(FIXTURES, 'llamagen-0-16');
  try {
    await keepTransformer(llamagenFamily, folder, await readKept(llamagenFamily, source));
    for (const name of ['config.json', 'weights.safetensors', 'expected.safetensors']) {
      expect(
        readFileSync(path.join(folder, name)).equals(readFileSync(path.join(source, name))),
      ).toBe(true);
    }
  } finally {
    rmSync(folder, { recursive: true });
  }
});
