import * as tf from '@tensorflow/tfjs';
import { guideByRatio, truncatedLogProbs } from '@ar-distill/core/math';
import { readFixture, readFixtureConfig, relativeError, toTensor } from '../read-fixture';

const fixture = readFixture('var-tiny');
const { trunc } = readFixtureConfig('var-tiny') as {
  trunc: { top_k: number; top_p: number; cfg_t: number };
};

beforeAll(async () => {
  tf.enableProdMode();
  await tf.setBackend('cpu');
});

test("guidance agrees with VAR's code", () => {
  const guided = guideByRatio(
    toTensor(fixture('logits_cond')),
    toTensor(fixture('logits_uncond')),
    trunc.cfg_t,
  );
  expect(relativeError(guided, fixture('trunc_cfg_logits'))).toBeLessThan(1e-5);
});

test("top-k and top-p agree with VAR's code", () => {
  const logits = toTensor(fixture('trunc_cfg_logits'));
  const probabilities = tf.exp(truncatedLogProbs(logits, { topK: trunc.top_k, topP: trunc.top_p }));
  const reference = fixture('trunc_probs');
  expect(relativeError(probabilities, reference)).toBeLessThan(1e-5);
  const kept = Array.from(probabilities.dataSync(), (p) => p > 0);
  expect(kept).toEqual(Array.from(reference.data, (p) => p > 0));
});
