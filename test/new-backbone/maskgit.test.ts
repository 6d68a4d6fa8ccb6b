import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { transformerBlocks } from '@ar-distill/backbone-kit';
import { stepOfPosition } from '@ar-distill/core';
import { initializeParameters, layerNorm, linear } from '@ar-distill/nn';
import { ROOT } from '@ar-distill/workspace';
import * as tf from '@tensorflow/tfjs';
import { plugin } from '../../examples/plugin-maskgit/src';
import { architectureSchema, MaskedTransformer } from '../../examples/plugin-maskgit/src/model';
import { arccosSteps, haltonOrder } from '../../examples/plugin-maskgit/src/order';
import { hashRng } from '../core/hash-rng';
import { trainAndDistil } from './train-and-distil';

const EXAMPLE = join(ROOT, 'examples/plugin-maskgit');
const folder = mkdtempSync(join(tmpdir(), 'ar-distill-maskgit-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

jest.setTimeout(300_000);

test('the order is that of the Halton points (1/2, 1/3), (1/4, 2/3), (3/4, 1/9), …', () => {
  // Rows and columns of the first eight points, by hand.
  expect(haltonOrder(4).slice(0, 8)).toEqual([9, 6, 12, 1, 11, 4, 14, 3]);
  for (const side of [1, 3, 16]) {
    const cells = Array.from({ length: side ** 2 }, (_, cell) => cell);
    expect(haltonOrder(side).toSorted((a, b) => a - b)).toEqual(cells);
  }
});

test('steps grow as the arccosine says, and none is empty', () => {
  // 16 · (1 − arccos(k/4) · 2/π) = 2.57, 5.33, 8.64, 16.
  expect(arccosSteps(16, 4)).toEqual([2, 3, 3, 8]);
  expect(arccosSteps(5, 5)).toEqual([1, 1, 1, 1, 1]);
  const official = arccosSteps(256, 32);
  expect(official.reduce((sum, count) => sum + count, 0)).toBe(256);
  expect(Math.min(...official)).toBeGreaterThan(0);
});

test('features of a step are those of one pass with masks in the place of all that is not known', async () => {
  await tf.setBackend('cpu');
  const architecture = architectureSchema.parse(plugin.backbones![0]!.smallArchitecture);
  const model = new MaskedTransformer(architecture);
  const { layout, parameterSpecs } = model;
  const parameters = Object.fromEntries(
    Object.entries(initializeParameters(parameterSpecs, hashRng(4))).map(
      ([name, { data, shape }]) => [name, tf.tensor(data, [...shape])],
    ),
  );
  const own = stepOfPosition(layout);
  const codes = tf.tensor(hashRng(5).normal('codes', 0, 2 * own.length * layout.channels), [
    2,
    own.length,
    layout.channels,
  ]);
  const classToken = tf.gather(parameters['class.weight']!, tf.tensor1d([0, 2], 'int32'));
  const made = model.features(parameters, codes, { labels: tf.tensor1d([0, 2], 'int32') });
  const embedded = tf.unstack(linear(parameters, 'embed', codes), 1);
  const masked = tf.tile(parameters['mask']!.expandDims(0), [2, 1]);
  for (const step of layout.stepLengths.keys()) {
    const read = own.map((other, position) => (other < step ? embedded[position]! : masked));
    const x = tf.stack([classToken, ...read], 1).add(parameters['position.weight']!);
    const pass = layerNorm(parameters, 'norm', transformerBlocks(architecture, parameters, x));
    own.forEach((other, position) => {
      if (other !== step) return;
      const row = (all: tf.Tensor, at: number) => all.slice([0, at, 0], [2, 1, -1]);
      const distance = row(made, position)
        .sub(row(pass, 1 + position))
        .abs()
        .max();
      expect(distance.dataSync()[0]).toBeLessThan(1e-5);
    });
  }
});

test('it is trained, distilled and sampled', async () => {
  const { generated, drawn, evaluations } = await trainAndDistil(plugin, folder);
  expect(evaluations).toEqual([1, 3]);
  for (const images of [generated, drawn]) {
    expect(images.every(Number.isFinite)).toBe(true);
    expect(new Set(images).size).toBeGreaterThan(16);
  }
});

test('it asks for the packages of this version', () => {
  const manifest = JSON.parse(readFileSync(join(EXAMPLE, 'package.json'), 'utf8'));
  const { version } = JSON.parse(readFileSync(join(ROOT, 'packages/core/package.json'), 'utf8'));
  const asked = { ...manifest.peerDependencies, ...manifest.devDependencies };
  const ours = Object.entries(asked).filter(([name]) => name.includes('ar-distill'));
  expect(ours).toHaveLength(4);
  expect(ours.filter(([, range]) => range !== `^${version}`)).toEqual([]);
});
