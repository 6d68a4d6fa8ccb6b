import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import type { FeatureNetworkProvider } from '@ar-distill/core';
import type { TypedContainer } from '@ar-distill/di';
import { distill, evaluate, InvalidOptionError } from '@ar-distill/workflows';
import { tinyPlugin } from '../core/tiny-plugin';
import { pluginContainer } from '../plugin-container';
import { thirdPartyPlugin } from './third-party-plugin';

const root = mkdtempSync(path.join(tmpdir(), 'ar-distill-evaluate-'));
const preset = 'colour';
let without: TypedContainer;
let container: TypedContainer;
let weights: string;

beforeAll(async () => {
  const foreign = await thirdPartyPlugin(root);
  without = pluginContainer(tinyPlugin, foreign);
  const featureNetworks = foreign.featureNetworks!.map(withPixels);
  container = pluginContainer(tinyPlugin, { ...foreign, featureNetworks });
  ({ weights } = await distill(container, { preset, out: root, report: false }));
}, 300_000);

afterAll(async () => {
  await without.dispose();
  await container.dispose();
  rmSync(root, { recursive: true, force: true });
});

/** The same network, with the images themselves as its only maps. */
function withPixels(provider: FeatureNetworkProvider): FeatureNetworkProvider {
  const outputs = { ...provider.outputs, layers: [[8, 8, 3]] as const };
  return {
    ...provider,
    outputs,
    open: async (compiler, options) => {
      const network = await provider.open(compiler, options);
      return {
        name: network.name,
        outputs,
        extract: async (images, which) => ({
          ...(await network.extract(images, which)),
          ...(which.includes('layers') ? { layers: [images] } : {}),
        }),
        dispose: () => network.dispose(),
      };
    },
  };
}

it('every draw is what its seed alone gives, and the figures are mean and deviation', async () => {
  const measured = { preset, weights, samples: 12 };
  const { values, figures, draws } = await evaluate(container, { ...measured, draws: 3 });
  expect(draws).toHaveLength(3);
  expect(new Set(draws!.map(({ seed }) => seed)).size).toBe(3);
  const again = await evaluate(container, { ...measured, seed: draws![2]!.seed });
  expect(again.values).toEqual(draws![2]!.values);
  expect(again.draws).toBeUndefined();
  const own = draws!.map((draw) => draw.values['brightness']!);
  const mean = (own[0]! + own[1]! + own[2]!) / 3;
  const deviation = Math.sqrt(own.reduce((sum, value) => sum + (value - mean) ** 2, 0) / 2);
  expect(values['brightness']).toBeCloseTo(mean, 6);
  const [shown, spread] = figures[0]!.text.split(' ± ').map(Number);
  expect(Math.abs(shown! - mean)).toBeLessThan(0.01);
  expect(Math.abs(spread! - deviation)).toBeLessThan(0.01);
});

it('measures the path length of a generator beside its images, without changing them', async () => {
  const measured = { preset, weights, samples: 12 };
  const alone = await evaluate(container, measured);
  const { values, figures, pairs } = await evaluate(container, { ...measured, pathLength: 30 });
  const { 'path-length': length, ...others } = values;
  expect(others).toEqual(alone.values);
  expect(length).toBeGreaterThan(0);
  expect(pairs).toBe(30);
  expect(figures.at(-1)).toEqual({ title: 'path length', text: length!.toFixed(2) });
});

it('measures the path length of vectors, whatever becomes of them in the images beside it', async () => {
  const measured = { preset, weights, samples: 12, pathLength: 30 };
  const { values: inCodes } = await evaluate(container, { ...measured, snap: true });
  const { values } = await evaluate(container, measured);
  expect(inCodes['path-length']).toBe(values['path-length']);
  expect(inCodes['frechet-distance']).not.toBe(values['frechet-distance']);
});

it('measures the teacher itself', async () => {
  const { count, values } = await evaluate(container, { preset, teacher: true, samples: 12 });
  expect(count).toBe(12);
  expect(values['frechet-distance']).toBeGreaterThan(0);
});

it('measures the distance to samples of the teacher where it is asked to', async () => {
  const measured = { preset, weights, samples: 12 };
  const alone = await evaluate(container, measured);
  const { values, figures } = await evaluate(container, { ...measured, teacherDistance: true });
  const { 'teacher-distance': distance, ...others } = values;
  expect(others).toEqual(alone.values);
  expect(distance).toBeGreaterThan(0);
  expect(figures.map(({ title }) => title)).toContain('FD-moments to the teacher');
});

it.each([
  [{ pathLength: 0 }, 'The number of pairs must be a whole number above 0, not 0.'],
  [{ draws: 1 }, 'The number of draws must be a whole number from 2 on, not 1: leave it out'],
  [{ teacherDistance: true, samples: 1 }, 'The distance to the teacher needs 2 images or more'],
  [{ teacherSteps: 1, pathLength: true }, '"pathLength" has no effect beside "teacherSteps"'],
  [{ pathLength: true }, 'has no "layers" to measure a path length in: leave "pathLength" out.'],
])('refuses %j', async (options, sentence) => {
  const refused = evaluate(without, { preset, weights, ...options });
  await expect(refused).rejects.toThrow(InvalidOptionError);
  await expect(refused).rejects.toThrow(sentence);
});
