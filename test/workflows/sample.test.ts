import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import type { TypedContainer } from '@ar-distill/di';
import { readImagesNpz } from '@ar-distill/datasets';
import { plugin as toy } from '@ar-distill/plugin-toy';
import {
  distill,
  evaluate,
  ImageModel,
  InvalidOptionError,
  sample,
  type WorkflowEvent,
} from '@ar-distill/workflows';
import { pluginContainer } from '../plugin-container';
import { tinyImagePlugin } from './tiny-models';
import { eventsOf, printedBy } from './watching';

const root = mkdtempSync(path.join(tmpdir(), 'ar-distill-sample-'));
let container: TypedContainer;
let run: string;
let weights: string;

beforeAll(async () => {
  container = pluginContainer(toy, await tinyImagePlugin(root));
  ({ run, weights } = await distill(container, {
    preset: 'pixels',
    out: path.join(root, 'runs'),
    report: false,
  }));
}, 300_000);

afterAll(async () => {
  await container.dispose();
  rmSync(root, { recursive: true, force: true });
});

it('draws images in one step, prints nothing, and draws the same for the same seed', async () => {
  const events: WorkflowEvent[] = [];
  const out = path.join(root, 'grid.png');
  const npz = path.join(root, 'images.npz');
  const drawn = await printedBy(() =>
    sample(
      container,
      { preset: 'pixels', weights: run, count: 7, seed: 3, out, npz },
      { onEvent: (event) => events.push(event) },
    ),
  );
  const { images, condition, evaluations } = drawn.value;
  expect(drawn.printed).toBe('');
  expect(images.shape).toEqual([7, 1, 2, 1]);
  expect(Math.max(...images.data.map(Math.abs))).toBeLessThanOrEqual(1);
  expect(new Set(images.data).size).toBeGreaterThan(7);
  expect([...condition['labels']!.data]).toEqual([0, 1, 2, 0, 1, 2, 0]);
  expect(evaluations).toBe(1);
  expect(eventsOf(events, 'progress').at(-1)).toMatchObject({ done: 7, total: 7 });
  expect(readFileSync(out).subarray(1, 4).toString()).toBe('PNG');
  const kept = await readImagesNpz(npz);
  expect([...kept.labels!]).toEqual([0, 1, 2, 0, 1, 2, 0]);
  // The file keeps bytes: half a step of 2/255 is lost.
  kept.images.data.forEach((value, i) =>
    expect(Math.abs(value - images.data[i]!)).toBeLessThanOrEqual(1 / 255 + 1e-6),
  );
  const again = await sample(container, { weights, preset: 'pixels', count: 7, seed: 3 });
  expect(again.images).toEqual(images);
  const other = await sample(container, { weights, preset: 'pixels', count: 7, seed: 4 });
  expect(other.images).not.toEqual(images);
});

it('draws with the teacher, one evaluation an AR step', async () => {
  const { images, evaluations } = await sample(container, {
    preset: 'pixels',
    teacher: true,
    classes: [2],
    count: 3,
  });
  expect(images.shape).toEqual([3, 1, 2, 1]);
  expect(evaluations).toBe(3);
});

it('draws from an opened model what it draws at once', async () => {
  const { images, condition } = await sample(container, {
    preset: 'pixels',
    weights,
    count: 5,
    seed: 3,
  });
  for (const source of [run, weights]) {
    const model = await ImageModel.open(container, source);
    const request = { by: 'generator' as const, condition, count: 5, rng: model.createRng(3) };
    const values: number[] = [];
    for await (const batch of model.draw({ ...request, batchSize: 2 })) {
      values.push(...batch.images.data);
    }
    expect(values).toEqual([...images.data]);
    await model.dispose();
    await expect(model.draw(request).next()).rejects.toThrow('has been disposed of');
  }
});

it.each<[object, string]>([
  [{ preset: 'toy-joint' }, 'The sequences of the preset "toy-joint" are not images to look at.'],
  [{ preset: 'pixels', classes: [3] }, 'There is no class 3: give classes from 0 to 2.'],
  [{ preset: 'pixels', classes: [] }, 'The list of classes is empty: name at least one.'],
])('refuses %j and writes nothing', async (options, sentence) => {
  const out = path.join(root, 'refused.png');
  const drawn = sample(container, { ...options, out });
  await expect(drawn).rejects.toThrow(InvalidOptionError);
  await expect(drawn).rejects.toThrow(sentence);
  expect(existsSync(out)).toBe(false);
});

it('says why images cannot be measured', async () => {
  const measured = evaluate(container, { preset: 'pixels', weights });
  await expect(measured).rejects.toThrow(InvalidOptionError);
  await expect(measured).rejects.toThrow(/"pixels".*sample them to look at them\./);
});
