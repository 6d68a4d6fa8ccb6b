import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { readSafetensors } from '@ar-distill/checkpoints';
import { plugin as mnist } from '@ar-distill/plugin-mnist';
import { plugin as varPlugin } from '@ar-distill/plugin-var';
import { distill } from '@ar-distill/workflows';
import { pluginContainer } from '../plugin-container';

const MINUTES = 300_000;
const root = mkdtempSync(path.join(tmpdir(), 'ar-distill-prefix-'));
afterAll(() => rmSync(root, { recursive: true, force: true }));

/** Weights of a generator after two updates. */
async function distilled(generatedPrefix: 'vectors' | 'codes') {
  const container = pluginContainer(varPlugin, mnist);
  const { run } = await distill(container, {
    preset: 'mnist-var',
    report: false,
    out: path.join(root, generatedPrefix),
    settings: {
      teacherPoolSize: 4,
      tuning: { headIterations: 0, fullIterations: 1, batchSize: 2 },
      generatorIterations: 2,
      guidanceUpdates: 1,
      batchSize: 2,
      generatedPrefix,
    },
  });
  await container.dispose();
  return (await readSafetensors(path.join(run, 'generator.safetensors'))).tensors;
}

// A teacher that keeps its codes among its weights, unlike the toy's.
it(
  'is made of vectors, or of the codes nearest to them',
  async () => {
    const codes = await distilled('codes');
    const vectors = await distilled('vectors');
    expect(Object.keys(codes)).toEqual(Object.keys(vectors));
    expect(codes).not.toEqual(vectors);
  },
  MINUTES,
);
