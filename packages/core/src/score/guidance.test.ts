import * as tf from '@tensorflow/tfjs';
import { guideByRatio, guideByScale, rampedGuidanceRatios } from './guidance';

beforeAll(async () => {
  tf.enableProdMode();
  await tf.setBackend('cpu');
});

test('ratios are ramped over AR steps from 0 to the guidance scale', () => {
  const ratios = rampedGuidanceRatios({ channels: 1, stepLengths: [1, 2, 3] }, 2);
  expect(ratios.shape).toEqual([1, 6, 1]);
  expect(Array.from(ratios.dataSync())).toEqual([0, 1, 1, 2, 2, 2]);
});

test('ratios of several samples are ramped to the scale of each', () => {
  const ratios = rampedGuidanceRatios({ channels: 1, stepLengths: [1, 2, 1] }, tf.tensor1d([2, 4]));
  expect(ratios.shape).toEqual([2, 4, 1]);
  expect(Array.from(ratios.dataSync())).toEqual([0, 1, 1, 2, 0, 2, 2, 4]);
});

test('a single AR step has no guidance', () => {
  const ratios = rampedGuidanceRatios({ channels: 1, stepLengths: [4] }, 2);
  expect(Array.from(ratios.dataSync())).toEqual([0, 0, 0, 0]);
});

test('ratio r weighs the conditional logits with 1 + r', () => {
  const [conditional, unconditional] = [tf.tensor1d([1, 4]), tf.tensor1d([3, -2])];
  expect(Array.from(guideByRatio(conditional, unconditional, 0.5).dataSync())).toEqual([0, 7]);
});

test('scale s is ratio s − 1, and off at 1 and below', () => {
  const [conditional, unconditional] = [tf.tensor1d([1, 4]), tf.tensor1d([3, -2])];
  expect(Array.from(guideByScale(conditional, unconditional, 1.5).dataSync())).toEqual([0, 7]);
  expect(guideByScale(conditional, unconditional, 1)).toBe(conditional);
  expect(guideByScale(conditional, unconditional, 0)).toBe(conditional);
  const perCode = guideByScale(conditional, unconditional, tf.tensor1d([1, 1.5]));
  expect(Array.from(perCode.dataSync())).toEqual([1, 7]);
  const below = guideByScale(conditional, unconditional, tf.tensor1d([0.5, 0]));
  expect(Array.from(below.dataSync())).toEqual([1, 4]);
});
