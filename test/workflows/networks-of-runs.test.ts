import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { plugin as varPlugin } from '@ar-distill/plugin-var';
import type { TypedContainer } from '@ar-distill/di';
import { distill, planDistillation, sample, type DistillOptions } from '@ar-distill/workflows';
import { pluginContainer } from '../plugin-container';

const root = mkdtempSync(path.join(tmpdir(), 'ar-distill-networks-'));
const MINUTES = 300_000;
const ARCHITECTURE = { codeScale: 3, noiseInput: 'raw', headDepth: 1 };
const TINY: DistillOptions = {
  preset: 'mnist-var',
  report: false,
  out: path.join(root, 'runs'),
  settings: {
    teacherPoolSize: 4,
    tuning: { headIterations: 0, fullIterations: 1, batchSize: 2 },
    generatorIterations: 1,
    guidanceUpdates: 1,
    batchSize: 2,
  },
};
let container: TypedContainer;
let run: string;
let weights: string;

beforeAll(async () => {
  container = pluginContainer(varPlugin);
  ({ run, weights } = await distill(container, {
    ...TINY,
    ...{ guidance: 2, topK: 30, architecture: ARCHITECTURE },
  }));
}, MINUTES);

afterAll(async () => {
  await container.dispose();
  rmSync(root, { recursive: true, force: true });
});

it('remembers how its teacher draws, and its own architecture', () => {
  const config = JSON.parse(readFileSync(path.join(run, 'config.json'), 'utf8')) as object;
  expect(config).toMatchObject({
    teacherSampling: { guidanceScale: 2, topK: 30, topP: 1 },
    architecture: ARCHITECTURE,
  });
});

it(
  'draws with both when the run is named',
  async () => {
    const drawn = (options: object) =>
      sample(container, { preset: 'mnist-var', count: 2, run, ...options });
    const own = await drawn({ teacherSteps: 2 });
    const same = await drawn({ teacherSteps: 2, guidance: 2, topK: 30 });
    const other = await drawn({ teacherSteps: 2, guidance: 0, topK: 1 });
    expect(own.images).toEqual(same.images);
    expect(own.images).not.toEqual(other.images);
  },
  MINUTES,
);

it('does not decode vectors of another scale', async () => {
  await expect(sample(container, { preset: 'mnist-var', count: 2, weights })).rejects.toThrow(
    /makes code vectors of scale 3, where those of the tokenizer have 5\.\d+: name its run/,
  );
});

it.each([
  [{ guidance: 1 }, 'draws with guidance 2, top-k 30, top-p off, not with guidance 1'],
  [{ architecture: { headDepth: 2 } }, 'have another architecture: leave it out'],
])('goes on with no other %j', async (options, words) => {
  await expect(planDistillation(container, { resume: run, ...options })).rejects.toThrow(words);
});

it('goes on as it is', async () => {
  const { config } = await planDistillation(container, { resume: run });
  expect(config).toMatchObject({ teacherSampling: { topK: 30 }, architecture: ARCHITECTURE });
});

it('lends its tuned weights to the same architecture alone', async () => {
  await expect(distill(container, { ...TINY, stage1: run })).rejects.toThrow(
    'was tuned with the architecture {"codeScale":3,"noiseInput":"raw","headDepth":1}',
  );
});
