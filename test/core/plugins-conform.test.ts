import * as tf from '@tensorflow/tfjs';
import { checkPlugin } from '@ar-distill/conformance';
import type { PluginDefinition, TeacherSamplingOptions } from '@ar-distill/core';
import { plugin as toy } from '@ar-distill/plugin-toy';
import { plugin as next, varArchitectureSchema } from '@ar-distill/plugin-var';
import { eagerCompiler } from './eager-compiler';
import { hashRng } from './hash-rng';

beforeAll(() => {
  tf.enableProdMode();
});

async function broken<A>(
  plugin: PluginDefinition<A>,
  architecture: A,
  sampling?: TeacherSamplingOptions,
): Promise<string[]> {
  const results = await checkPlugin(plugin, architecture, {
    rng: hashRng(3),
    compiler: eagerCompiler,
    ...(sampling ? { sampling } : {}),
  });
  return results.filter(({ ok }) => !ok).map(({ name, detail }) => `${name}: ${detail}`);
}

test('the tabular teacher and its network keep the contract', async () => {
  const [preset] = Object.values(toy.presets);
  expect(await broken(toy, preset!.architecture, preset!.teacherSampling)).toEqual([]);
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
  expect(await broken(next, architecture)).toEqual([]);
});
