import * as tf from '@tensorflow/tfjs';
import { checkBackbone } from '@ar-distill/conformance';
import { createEngine } from '@ar-distill/engine';
import { varArchitectureSchema, varBackbone } from '@ar-distill/plugin-var';
import type { StepCompiler } from '@ar-distill/program';
import { testRng } from '../var/test-rng';

it('meets the contract of backbones', async () => {
  tf.enableProdMode();
  const architecture = varArchitectureSchema.parse({
    patchNums: [1, 2, 4],
    vocabSize: 16,
    channels: 4,
    numClasses: 3,
    width: 16,
    depth: 2,
    heads: 2,
    codeScale: 2,
    tokenizer: {
      imageSize: 8,
      imageChannels: 1,
      baseChannels: 8,
      channelMultipliers: [1, 1],
      residualBlocks: 1,
      groups: 4,
    },
  });
  const engine = createEngine({ worker: false });
  const compiler: StepCompiler = engine;
  const results = await checkBackbone(varBackbone, architecture, { rng: testRng, compiler });
  await engine.dispose();
  expect(results.filter(({ state }) => state === 'failed')).toEqual([]);
  expect(results.length).toBeGreaterThan(5);
});
