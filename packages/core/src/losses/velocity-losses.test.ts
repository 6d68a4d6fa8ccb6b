import * as tf from '@tensorflow/tfjs';
import { denoisedToVelocity } from '../score/rectified-flow';
import { diffusionLoss } from './diffusion-loss';
import { fcsLoss } from './fcs-loss';
import { gtsLoss } from './gts-loss';

beforeAll(async () => {
  tf.enableProdMode();
  await tf.setBackend('cpu');
});

test('sums over channels and averages over draws, batch and positions', () => {
  const data = tf.zeros([2, 3, 4]);
  const noise = tf.ones([5, 2, 3, 4]);
  const { loss, metrics } = fcsLoss({
    velocity: tf.fill([5, 2, 3, 4], 3),
    generated: data,
    noise,
  });
  expect(loss.dataSync()[0]).toBeCloseTo(4 * 2 ** 2, 6);
  expect(metrics.relativeError!.dataSync()[0]).toBeCloseTo(4, 6);
});

test('the true velocity costs nothing, predicting zero has the relative error 1', () => {
  const data = tf.tensor([1, 2, 3, 4], [1, 2, 2]);
  const noise = tf.tensor([0, -1, 5, 0.5], [1, 2, 2]);
  const exact = diffusionLoss({ velocity: tf.sub(noise, data), data, noise });
  expect(exact.loss.dataSync()[0]).toBe(0);
  const zero = diffusionLoss({ velocity: tf.zeros([1, 2, 2]), data, noise });
  expect(zero.metrics.relativeError!.dataSync()[0]).toBeCloseTo(1, 6);
});

test('the ground-truth score loss regresses the velocity of the teacher', () => {
  const xT = tf.tensor([1, 2, 3, 4], [1, 2, 2]);
  const t = tf.tensor([0.5, 1], [1, 2]);
  const teacherDenoised = tf.tensor([0, 1, 1, 0], [1, 2, 2]);
  const velocity = tf.add(denoisedToVelocity(teacherDenoised, xT, t), 0.5);
  const { loss } = gtsLoss({ velocity, teacherDenoised, xT, t });
  expect(loss.dataSync()[0]).toBeCloseTo(2 * 0.25, 5);
});
