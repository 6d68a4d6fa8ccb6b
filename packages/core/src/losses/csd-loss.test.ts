import * as tf from '@tensorflow/tfjs';
import { denoisedFromProbabilities, logProbabilities } from '../score/mixture';
import { interpolate, velocityToDenoised } from '../score/rectified-flow';
import { csdLoss, type CsdOptions } from './csd-loss';

const layout = { channels: 2, stepLengths: [1, 2] };
const options: CsdOptions = {
  objective: 'sid',
  alpha: 1.1,
  normalizer: 'none',
  stepWeights: [3, 1],
  layout,
};

beforeAll(async () => {
  tf.enableProdMode();
  await tf.setBackend('cpu');
});

const values = (count: number, phase: number): number[] =>
  Array.from({ length: count }, (_, i) => Math.sin(2.3 * i + phase));

function loss(q: tf.Tensor, given: CsdOptions): tf.Scalar {
  const xT = interpolate(q, tf.tensor(values(12, 4), [2, 3, 2]), tf.fill([2, 3], 0.6));
  const t = tf.fill([2, 3], 0.6);
  const logProbs = logProbabilities(tf.tensor([0.2, 0.5, 0, 0.3], [1, 1, 4]));
  const codebook = tf.tensor2d([1, 1, 1, -1, -1, 1, -1, -1], [4, 2]);
  return csdLoss(
    {
      generated: q,
      teacherDenoised: denoisedFromProbabilities({ logProbs, codebook, xT, t }),
      guidanceDenoised: velocityToDenoised(tf.tanh(tf.mul(xT, 1.3)), xT, t),
    },
    given,
  ).loss.asScalar();
}

test('the SiD gradient equals finite differences of the loss', () => {
  const start = values(12, 1);
  const at = (point: number[]): tf.Scalar => loss(tf.tensor(point, [2, 3, 2]), options);
  const gradient = tf.grad((q: tf.Tensor) => loss(q, options))(tf.tensor(start, [2, 3, 2]));
  const step = 5e-3;
  start.forEach((_, i) => {
    const moved = (by: number): number =>
      at(start.map((value, j) => (i === j ? value + by : value))).dataSync()[0]!;
    const difference = (moved(step) - moved(-step)) / (2 * step);
    expect(gradient.dataSync()[i]).toBeCloseTo(difference, 3);
  });
});

test('the normaliser scales the loss and its gradient, and carries no gradient itself', () => {
  const q = tf.tensor(values(12, 1), [2, 3, 2]);
  const plain = tf
    .grad((x: tf.Tensor) => loss(x, options))(q)
    .dataSync();
  const token = tf.grad((x: tf.Tensor) => loss(x, { ...options, normalizer: 'token' }))(q);
  const sample = tf.grad((x: tf.Tensor) => loss(x, { ...options, normalizer: 'sample' }))(q);
  // Both channels of a token, and all of a sample, are scaled alike.
  const ratio = (scaled: tf.Tensor, i: number): number => scaled.dataSync()[i]! / plain[i]!;
  expect(ratio(token, 0)).toBeCloseTo(ratio(token, 1), 4);
  expect(ratio(token, 0)).not.toBeCloseTo(ratio(token, 2), 2);
  expect(ratio(sample, 0)).toBeCloseTo(ratio(sample, 5), 4);
  expect(ratio(sample, 0)).not.toBeCloseTo(ratio(sample, 6), 3);
});

test('descending the DMD form moves q along f_Φ − f_ψ; predictions are constants', () => {
  const generated = tf.tensor(values(6, 1), [1, 3, 2]);
  const teacherDenoised = tf.tensor(values(6, 2), [1, 3, 2]);
  const guidanceDenoised = tf.tensor(values(6, 3), [1, 3, 2]);
  const given: CsdOptions = { ...options, objective: 'dmd', stepWeights: [1, 1] };
  const [byQ, byTeacher, byGuidance] = tf.grads((q, teacher, guidance) =>
    csdLoss(
      { generated: q!, teacherDenoised: teacher!, guidanceDenoised: guidance! },
      given,
    ).loss.asScalar(),
  )([generated, teacherDenoised, guidanceDenoised]);
  const expected = tf.div(tf.sub(guidanceDenoised, teacherDenoised), 3).dataSync();
  byQ!.dataSync().forEach((value, i) => expect(value).toBeCloseTo(expected[i]!, 6));
  for (const gradient of [byTeacher!, byGuidance!]) {
    expect(tf.max(tf.abs(gradient)).dataSync()[0]).toBe(0);
  }
});

test('equal predictions and a perfect sample cost nothing and stay finite', () => {
  const q = tf.tensor(values(6, 1), [1, 3, 2]);
  for (const objective of ['sid', 'dmd'] as const) {
    for (const normalizer of ['sample', 'token', 'none'] as const) {
      const result = csdLoss(
        { generated: q, teacherDenoised: q, guidanceDenoised: q },
        { ...options, objective, normalizer },
      );
      expect(Math.abs(result.loss.dataSync()[0]!)).toBe(0);
      expect(result.metrics.scoreGap!.dataSync()[0]).toBe(0);
    }
  }
});
