import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { readSafetensors } from '@ar-distill/checkpoints';
import { type DatasetProvider, definePlugin, type ImageSplit } from '@ar-distill/core';
import { plugin as toy } from '@ar-distill/plugin-toy';
import { plugin as varPlugin } from '@ar-distill/plugin-var';
import { elementCount, float32, int32 } from '@ar-distill/program';
import { distill, InvalidOptionError, type WorkflowEvent } from '@ar-distill/workflows';
import { pluginContainer } from '../plugin-container';
import { eventsOf } from './watching';

const root = mkdtempSync(path.join(tmpdir(), 'ar-distill-real-'));
const MINUTES = 300_000;
const COUNT = 6;
const SETTINGS = {
  teacherPoolSize: 4,
  tuning: { headIterations: 0, fullIterations: 1, batchSize: 2 },
  generatorIterations: 2,
  guidanceUpdates: 1,
  batchSize: 2,
  adversarial: { weight: 0.1 },
};

afterAll(() => rmSync(root, { recursive: true, force: true }));

/** Striped images, image i in stripes of its own. */
function stripes([height, width, channels]: DatasetProvider['imageShape']): ImageSplit {
  const size = elementCount([height, width, channels]);
  return {
    count: COUNT,
    labels: async () => Int32Array.from({ length: COUNT }, (_, i) => i),
    read: async (indices) => ({
      images: float32(
        [indices.length, height, width, channels],
        Float32Array.from({ length: indices.length * size }, (_, i) =>
          Math.sin(((indices[Math.floor(i / size)]! + 1) * (i % size)) / 7),
        ),
      ),
      labels: int32([indices.length], indices),
    }),
  };
}

/** A data set of the preset's name, whose test split is not to be read. */
function digits(given: Partial<DatasetProvider> = {}) {
  const imageShape = given.imageShape ?? ([32, 32, 1] as const);
  const unread = async () => Promise.reject(new Error('The test split was read.'));
  const dataset: DatasetProvider = {
    name: 'mnist',
    summary: 'stripes',
    imageShape,
    classes: 10,
    open: async () => ({
      train: stripes(imageShape),
      test: { count: COUNT, labels: unread, read: unread },
    }),
    ...given,
  };
  return definePlugin({ name: 'digits', summary: 'stripes', datasets: [dataset] });
}

it(
  'encodes the training split in a stage of its own, and trains on it',
  async () => {
    const container = pluginContainer(varPlugin, digits());
    const events: WorkflowEvent[] = [];
    const { run } = await distill(
      container,
      { preset: 'mnist-var', report: false, out: path.join(root, 'runs'), settings: SETTINGS },
      { onEvent: (event) => events.push(event) },
    );
    const places = eventsOf(events, 'progress').map(({ stage, place }) => [stage, place?.of]);
    expect(places).toContainEqual(['real-sequences', 4]);
    const file = path.join(run, 'arrays', 'real-sequences-from-0.safetensors');
    const { tokens } = (await readSafetensors(file)).tensors;
    expect(tokens!.shape[0]).toBe(COUNT);
    expect(new Set(tokens!.data).size).toBeGreaterThan(2);
    await container.dispose();
  },
  MINUTES,
);

it.each([
  [
    'toy-joint',
    [toy],
    '"adversarial" takes real images, and the preset "toy-joint" names no data set: leave it out.',
  ],
  ['mnist-var', [varPlugin], 'mnist'],
  [
    'mnist-var',
    [varPlugin, digits({ imageShape: [28, 28, 1] })],
    'those of "mnist" are 28×28×1 where the tokenizer reads 32×32×1: leave it out.',
  ],
  [
    'mnist-var',
    [varPlugin, digits({ classes: 3 })],
    'those of "mnist" are of 3 classes, which the teacher does not know: leave it out.',
  ],
])('of %s, a data set that does not fit is refused first', async (preset, plugins, sentence) => {
  const container = pluginContainer(...plugins);
  const out = path.join(root, 'refused');
  const { batchSize, guidanceUpdates, adversarial } = SETTINGS;
  const settings = { batchSize, guidanceUpdates, adversarial };
  const refused = distill(container, { preset, report: false, out, settings });
  await expect(refused).rejects.toThrow(InvalidOptionError);
  await expect(refused).rejects.toThrow(sentence);
  expect(existsSync(out)).toBe(false);
  await container.dispose();
});
