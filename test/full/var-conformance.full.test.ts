import * as tf from '@tensorflow/tfjs';
import { checkBackbone } from '@ar-distill/conformance';
import { createEngine } from '@ar-distill/engine';
import { varBackbone } from '@ar-distill/plugin-var';
import type { StepCompiler } from '@ar-distill/program';
import { testRng } from '../var/test-rng';

it('meets the contract of backbones', async () => {
  tf.enableProdMode();
  const engine = createEngine({ worker: false });
  const compiler: StepCompiler = engine;
  const results = await checkBackbone(varBackbone, varBackbone.smallArchitecture, {
    rng: testRng,
    compiler,
  });
  await engine.dispose();
  expect(results.filter(({ state }) => state === 'failed')).toEqual([]);
  expect(results.length).toBeGreaterThan(5);
});
