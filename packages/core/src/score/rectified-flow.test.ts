import * as tf from '@tensorflow/tfjs';
import {
  denoisedToScore,
  denoisedToVelocity,
  interpolate,
  scoreToDenoised,
  scoreToVelocity,
  velocityTarget,
  velocityToDenoised,
  velocityToScore,
} from './rectified-flow';

const wave = (shape: number[], phase: number): tf.Tensor =>
  tf.tensor(
    Array.from({ length: shape.reduce((a, b) => a * b, 1) }, (_, i) => Math.sin(1.7 * i + phase)),
    shape,
  );

const largestDifference = (a: tf.Tensor, b: tf.Tensor): number =>
  tf.max(tf.abs(tf.sub(a, b))).dataSync()[0]!;

beforeAll(async () => {
  tf.enableProdMode();
  await tf.setBackend('cpu');
});

const data = (): tf.Tensor => wave([2, 4, 3], 0.3);
const noise = (): tf.Tensor => wave([2, 4, 3], 2.1);
const t = (): tf.Tensor => tf.tensor([0.05, 0.3, 0.7, 0.95, 0.5, 0.11, 0.83, 0.4], [2, 4]);

test('t = 1 is the noise and t = 0 the data', () => {
  expect(largestDifference(interpolate(data(), noise(), tf.ones([2, 4])), noise())).toBe(0);
  expect(largestDifference(interpolate(data(), noise(), tf.zeros([2, 4])), data())).toBe(0);
});

test('the velocity target is the derivative of the path', () => {
  const later = interpolate(data(), noise(), tf.add(t(), 0.01));
  const slope = tf.div(tf.sub(later, interpolate(data(), noise(), t())), 0.01);
  expect(largestDifference(slope, velocityTarget(data(), noise()))).toBeLessThan(1e-4);
});

test('the true velocity gives back the data', () => {
  const xT = interpolate(data(), noise(), t());
  const denoised = velocityToDenoised(velocityTarget(data(), noise()), xT, t());
  expect(largestDifference(denoised, data())).toBeLessThan(1e-6);
});

test('conversions invert each other', () => {
  const xT = wave([2, 4, 3], 5);
  const velocity = wave([2, 4, 3], 7);
  const denoised = velocityToDenoised(velocity, xT, t());
  const score = velocityToScore(velocity, xT, t());
  expect(largestDifference(denoisedToVelocity(denoised, xT, t()), velocity)).toBeLessThan(1e-5);
  expect(largestDifference(scoreToVelocity(score, xT, t()), velocity)).toBeLessThan(1e-4);
  expect(largestDifference(scoreToDenoised(score, xT, t()), denoised)).toBeLessThan(1e-4);
  const direct = denoisedToScore(denoised, xT, t());
  expect(largestDifference(tf.div(tf.sub(direct, score), score), tf.zerosLike(xT))).toBeLessThan(
    1e-3,
  );
});

test('at t = 1 every conversion is finite and the score is that of the noise', () => {
  const one = tf.ones([2, 4]);
  const xT = noise();
  const velocity = wave([2, 4, 3], 7);
  const score = velocityToScore(velocity, xT, one);
  expect(largestDifference(score, tf.neg(xT))).toBe(0);
  expect(largestDifference(denoisedToScore(data(), xT, one), tf.neg(xT))).toBe(0);
  expect(largestDifference(denoisedToVelocity(data(), xT, one), tf.sub(xT, data()))).toBe(0);
  expect(largestDifference(scoreToVelocity(score, xT, one), tf.zerosLike(xT))).toBe(0);
  expect(largestDifference(scoreToDenoised(score, xT, one), xT)).toBe(0);
});

test('several noise draws broadcast over one batch of data', () => {
  const draws = wave([5, 2, 4, 3], 1);
  const times = tf.fill([5, 2, 4], 0.25);
  expect(interpolate(data(), draws, times).shape).toEqual([5, 2, 4, 3]);
});
