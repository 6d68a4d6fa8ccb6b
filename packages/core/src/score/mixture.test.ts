import * as tf from '@tensorflow/tfjs';
import {
  LOG_ZERO,
  denoisedFromProbabilities,
  logProbabilities,
  mixtureLogWeights,
} from './mixture';
import { MIN_TIMESTEP } from './rectified-flow';

const codes = [
  [1, 0.5],
  [-0.5, 1],
  [0.25, -1],
  [2, 2],
];
const probabilities = [0.5, 0.3, 0.2, 0];

beforeAll(async () => {
  tf.enableProdMode();
  await tf.setBackend('cpu');
});

const codebook = (): tf.Tensor => tf.tensor2d(codes);
const logProbs = (): tf.Tensor => logProbabilities(tf.tensor(probabilities, [1, 1, 4]));

/** Weights from the Gaussian densities themselves, in float64. */
function naiveDenoised(x: number[], t: number): number[] {
  const exponents = codes.map((code) =>
    code.reduce((sum, c, i) => sum - (x[i]! - (1 - t) * c) ** 2 / (2 * t * t), 0),
  );
  const largest = Math.max(...exponents.filter((_, j) => probabilities[j]! > 0));
  const weights = exponents.map((e, j) =>
    probabilities[j] === 0 ? 0 : probabilities[j]! * Math.exp(e - largest),
  );
  const total = weights.reduce((a, b) => a + b);
  return [0, 1].map((i) => weights.reduce((sum, w, j) => sum + w * codes[j]![i]!, 0) / total);
}

test.each([1, 0.8, 0.35, 0.1, 0.03])('agrees with Gaussian densities at t = %p', (t) => {
  const x = [0.4, -0.2];
  const denoised = denoisedFromProbabilities({
    logProbs: logProbs(),
    codebook: codebook(),
    xT: tf.tensor(x, [1, 1, 2]),
    t: tf.tensor([t], [1, 1]),
  });
  naiveDenoised(x, t).forEach((value, i) => expect(denoised.dataSync()[i]).toBeCloseTo(value, 5));
});

test.each([1, 1e-2, 1e-4])('a forbidden code has weight 0 even at its own place, t = %p', (t) => {
  const xT = tf.tensor([2 * (1 - t), 2 * (1 - t)], [1, 1, 2]);
  for (const forbidden of [LOG_ZERO, -Infinity]) {
    const log = tf.tensor([Math.log(0.5), Math.log(0.3), Math.log(0.2), forbidden], [1, 1, 4]);
    const mixture = { logProbs: log, codebook: codebook(), t: tf.tensor([t], [1, 1]) };
    const weights = tf.softmax(mixtureLogWeights({ ...mixture, xT })).dataSync();
    expect(weights[3]).toBe(0);
    const { value, grad } = tf.valueAndGrad((x: tf.Tensor) =>
      tf.sum(denoisedFromProbabilities({ ...mixture, xT: x })).asScalar(),
    )(xT);
    for (const number of [...value.dataSync(), ...grad.dataSync()])
      expect(Number.isFinite(number)).toBe(true);
  }
});

test('at t = 1 the prediction is the mean of the distribution, whatever the noise is', () => {
  for (const x of [0, 3, -8]) {
    const denoised = denoisedFromProbabilities({
      logProbs: logProbs(),
      codebook: codebook(),
      xT: tf.fill([1, 1, 2], x),
      t: tf.ones([1, 1]),
    }).dataSync();
    expect(denoised[0]).toBeCloseTo(0.5 * 1 - 0.3 * 0.5 + 0.2 * 0.25, 6);
    expect(denoised[1]).toBeCloseTo(0.5 * 0.5 + 0.3 * 1 - 0.2, 6);
  }
});

test('timesteps below the smallest one count as the smallest one', () => {
  const at = (t: number): Float32Array =>
    denoisedFromProbabilities({
      logProbs: logProbs(),
      codebook: codebook(),
      xT: tf.tensor([0.3, 0.7], [1, 1, 2]),
      t: tf.tensor([t], [1, 1]),
    }).dataSync<'float32'>();
  expect(at(0)).toEqual(at(MIN_TIMESTEP));
});

test('one distribution serves several noise draws', () => {
  const log = logProbabilities(tf.tensor([...probabilities, 0.1, 0.2, 0.3, 0.4], [1, 2, 4]));
  const xT = tf.tensor(
    Array.from({ length: 12 }, (_, i) => Math.cos(i)),
    [3, 1, 2, 2],
  );
  const t = tf.fill([3, 1, 2], 0.4);
  const together = denoisedFromProbabilities({ logProbs: log, codebook: codebook(), xT, t });
  const single = denoisedFromProbabilities({
    logProbs: log,
    codebook: codebook(),
    xT: tf.squeeze(tf.slice(xT, [1, 0, 0, 0], [1, 1, 2, 2]), [0]),
    t: tf.fill([1, 2], 0.4),
  });
  expect(together.shape).toEqual([3, 1, 2, 2]);
  expect(together.dataSync().slice(4, 8)).toEqual(single.dataSync());
});

test('a codebook of another rank is refused', () => {
  expect(() =>
    denoisedFromProbabilities({
      logProbs: logProbs(),
      codebook: tf.zeros([1, 4, 2]),
      xT: tf.zeros([1, 1, 2]),
      t: tf.ones([1, 1]),
    }),
  ).toThrow('[V, C], not [1, 4, 2]');
});

test('a probability that is NaN is no zero: its logarithm is NaN, and so is what is denoised', () => {
  const log = logProbabilities(tf.tensor([0.5, NaN, 0, 0.5], [1, 1, 4]));
  expect([...log.dataSync()]).toEqual([
    Math.fround(Math.log(0.5)),
    NaN,
    Math.fround(LOG_ZERO),
    Math.fround(Math.log(0.5)),
  ]);
  const denoised = denoisedFromProbabilities({
    logProbs: log,
    codebook: codebook(),
    xT: tf.tensor([0.4, -0.2], [1, 1, 2]),
    t: tf.tensor([0.5], [1, 1]),
  });
  expect([...denoised.dataSync()]).toEqual([NaN, NaN]);
});
