import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import type { Preset } from '@ar-distill/core';
import type { TypedContainer } from '@ar-distill/di';
import { loadModel, saveModel } from '@ar-distill/runs';
import {
  distill,
  type DistillResult,
  evaluate,
  exportModel,
  ImageModel,
  sample,
} from '@ar-distill/workflows';
import { tinyPlugin } from '../core/tiny-plugin';
import { pluginContainer } from '../plugin-container';
import { thirdPartyPlugin } from './third-party-plugin';

const root = mkdtempSync(path.join(tmpdir(), 'ar-distill-snapped-'));
const preset = 'in-codes';
let container: TypedContainer;
let distilled: DistillResult;
let weights: string;

beforeAll(async () => {
  const foreign = await thirdPartyPlugin(root);
  const inCodes: Preset = { ...foreign.presets!['colour']!, snap: true };
  container = pluginContainer(tinyPlugin, {
    ...foreign,
    presets: { ...foreign.presets, [preset]: inCodes },
  });
  distilled = await distill(container, { preset, out: root, samples: 12 });
  ({ weights } = distilled);
}, 300_000);

afterAll(async () => {
  await container.dispose();
  rmSync(root, { recursive: true, force: true });
});

const pixels = async (options: Parameters<typeof sample>[1]): Promise<readonly number[]> => [
  ...(await sample(container, { count: 6, seed: 3, ...options })).images.data,
];

it('is drawn in codes, under whatever name its generator goes', async () => {
  const inCodes = await pixels({ preset, weights, snap: true });
  const asTheyAre = await pixels({ preset, weights, snap: false });
  expect(inCodes).not.toEqual(asTheyAre);
  expect(await pixels({ preset, weights })).toEqual(inCodes);
  expect(await pixels({ run: distilled.run })).toEqual(inCodes);
  // The file says so, and not the preset that is named with it.
  expect(await pixels({ preset: 'colour', weights })).toEqual(inCodes);
  const { folder } = await exportModel(container, {
    run: distilled.run,
    out: path.join(root, 'exported'),
  });
  expect(await pixels({ weights: folder })).toEqual(inCodes);
});

it('is drawn so by the library, which can be told otherwise', async () => {
  const model = await ImageModel.open(container, distilled.run);
  const drawn = async (snap?: boolean): Promise<number[]> => {
    const condition = model.condition.inTurn(0, 6);
    const rng = model.createRng(3);
    const data: number[] = [];
    const request = { by: 'generator', condition, count: 6, rng, snap } as const;
    for await (const batch of model.draw(request)) data.push(...batch.images.data);
    return data;
  };
  expect(await drawn()).toEqual(await pixels({ preset, weights, snap: true }));
  expect(await drawn(false)).toEqual(await pixels({ preset, weights, snap: false }));
  await expect(
    model
      .draw({
        by: 'teacher',
        condition: model.condition.inTurn(0, 1),
        count: 1,
        rng: model.createRng(0),
        snap: true,
      })
      .next(),
  ).rejects.toThrow('The teacher draws codes as they are: leave "snap" out.');
  await model.dispose();
});

it('is measured so, and the verdict of its report is of these images', async () => {
  const { report } = distilled;
  if (report?.kind !== 'images') throw new Error('It can be measured.');
  const distanceOf = (row: string): number =>
    report.rows.find(({ name }) => name === row)!.values!['frechet-distance']!;
  const snapped = distanceOf('DD2 generator, snapped to codes');
  expect(snapped).not.toBe(distanceOf('DD2 generator'));
  expect(report.ratio).toBeCloseTo(snapped / distanceOf('AR teacher'), 12);
  const measured = { preset, weights, samples: 12 };
  const { values } = await evaluate(container, measured);
  expect(values).toEqual((await evaluate(container, { ...measured, snap: true })).values);
  expect(values).not.toEqual((await evaluate(container, { ...measured, snap: false })).values);
});

it('refuses a generator that says what is unknown', async () => {
  const { architecture, tensors, provenance } = await loadModel(weights, 'generator');
  expect(provenance['decoding']).toBe('codes');
  const file = path.join(root, 'odd.safetensors');
  const odd = { ...provenance, decoding: 'residuals' };
  await saveModel(file, {
    kind: 'generator',
    plugin: 'colour',
    preset: 'in-codes',
    architecture,
    tensors,
    provenance: odd,
  });
  await expect(pixels({ preset, weights: file })).rejects.toThrow(
    `"${file}" is decoded of "residuals", which is unknown`,
  );
});
