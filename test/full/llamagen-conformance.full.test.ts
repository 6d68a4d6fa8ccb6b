import * as tf from '@tensorflow/tfjs';
import { checkBackbone } from '@ar-distill/conformance';
import { createEngine } from '@ar-distill/engine';
import { llamagenArchitectureSchema, llamagenBackbone } from '@ar-distill/plugin-llamagen';
import { hashRng } from '../core/hash-rng';

const testRng = hashRng(1);

it.each([
  { inputEmbedding: 'table', guidanceInterval: 1 },
  { inputEmbedding: 'mlp', keyValueHeads: 1 },
])('meets the contract of backbones with %j', async (options) => {
  tf.enableProdMode();
  const architecture = llamagenArchitectureSchema.parse({
    gridSize: 2,
    vocabSize: 12,
    channels: 4,
    numClasses: 3,
    width: 16,
    depth: 2,
    heads: 2,
    multipleOf: 8,
    codeScale: 2,
    ...options,
    tokenizer: {
      imageSize: 4,
      imageChannels: 1,
      baseChannels: 8,
      channelMultipliers: [1, 1],
      latentChannels: 8,
      residualBlocks: 1,
      groups: 4,
    },
  });
  const engine = createEngine({ worker: false, threads: 1 });
  const results = await checkBackbone(llamagenBackbone, architecture, {
    rng: testRng,
    compiler: engine,
  });
  await engine.dispose();
  expect(results.filter(({ state }) => state === 'failed')).toEqual([]);
  expect(results.length).toBeGreaterThan(5);
});
