import * as tf from '@tensorflow/tfjs';
import { checkBackbone } from '@ar-distill/conformance';
import type { Backbone, TeacherSamplingOptions } from '@ar-distill/core';
import { createEngine } from '@ar-distill/engine';
import { hashRng } from '../core/hash-rng';

/** Expects a backbone to pass the conformance kit, everything of it run by TensorFlow. */
export async function expectConformance<A>(
  backbone: Backbone<A>,
  architecture: A,
  sampling?: TeacherSamplingOptions,
): Promise<void> {
  const engine = createEngine({ backend: 'tensorflow' });
  tf.enableProdMode();
  // The kit looks at losses and gradients eagerly as well.
  await tf.setBackend('tensorflow');
  const results = await checkBackbone(backbone, architecture, {
    rng: hashRng(3),
    compiler: engine,
    ...(sampling ? { sampling } : {}),
  });
  await engine.dispose();
  expect(results.filter(({ state }) => state === 'failed')).toEqual([]);
  expect(results.length).toBeGreaterThan(5);
  expect(tf.getBackend()).toBe('tensorflow');
}
