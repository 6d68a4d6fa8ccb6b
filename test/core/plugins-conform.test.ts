import * as tf from '@tensorflow/tfjs';
import { checkBackbone, checkPlugin } from '@ar-distill/conformance';
import { type Backbone, PLAIN_SAMPLING, type TeacherSamplingOptions } from '@ar-distill/core';
import { plugin as llamagen } from '@ar-distill/plugin-llamagen';
import {
  plugin as toy,
  THREE_TOKEN_JOINT,
  toyArchitectureSchema,
  toyBackbone,
} from '@ar-distill/plugin-toy';
import { plugin as next, varArchitectureSchema, varBackbone } from '@ar-distill/plugin-var';
import { eagerCompiler } from './eager-compiler';
import { hashRng } from './hash-rng';

beforeAll(() => {
  tf.enableProdMode();
});

async function broken<A>(
  backbone: Backbone<A>,
  architecture: A,
  sampling?: TeacherSamplingOptions,
): Promise<string[]> {
  const results = await checkBackbone(backbone, architecture, {
    rng: hashRng(3),
    compiler: eagerCompiler,
    ...(sampling ? { sampling } : {}),
  });
  return results.filter(({ ok }) => !ok).map(({ name, detail }) => `${name}: ${detail}`);
}

test('the tabular teacher and its network keep the contract', async () => {
  const architecture = toyArchitectureSchema.parse(THREE_TOKEN_JOINT);
  expect(await broken(toyBackbone, architecture, PLAIN_SAMPLING)).toEqual([]);
});

test('a small VAR keeps the contract', async () => {
  const architecture = varArchitectureSchema.parse({
    patchNums: [1, 2, 3],
    vocabSize: 9,
    channels: 4,
    numClasses: 3,
    width: 16,
    depth: 2,
    heads: 2,
    phi: { layers: 2 },
    tokenizer: {
      imageSize: 6,
      imageChannels: 1,
      baseChannels: 4,
      channelMultipliers: [1, 2],
      residualBlocks: 1,
      groups: 2,
    },
    codeScale: 1.5,
  });
  expect(await broken(varBackbone, architecture)).toEqual([]);
});

test.each([toy, next, llamagen])('the declarations of "$name" are in order', async (plugin) => {
  const results = await checkPlugin(plugin);
  expect(results.filter(({ ok }) => !ok)).toEqual([]);
  expect(results.length).toBe(2 + Object.keys(plugin.presets!).length);
});
