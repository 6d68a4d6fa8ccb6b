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
    ...llamagenBackbone.smallArchitecture,
    ...options,
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
