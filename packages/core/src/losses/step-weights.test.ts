import * as tf from '@tensorflow/tfjs';
import { checkStepWeights, type StepWeights, tracedStepWeights } from './step-weights';

const layout = { channels: 1, stepLengths: [1, 2, 1] };

beforeAll(async () => {
  await tf.setBackend('cpu');
});

function traced(weights: StepWeights): number[] | undefined {
  const tensor = tracedStepWeights(weights);
  return tensor && Array.from(tensor.dataSync());
}

it.each([
  [
    [3, 1],
    [3, 2, 2, 1],
  ],
  [
    [3, 0.5, 4],
    [3, 0.5, 0.5, 4],
  ],
])('%j are linear over AR steps, or those of every one', (stepWeights, expected) => {
  expect(traced({ stepWeights, layout })).toEqual(expected);
});

it('are the first one where there is one AR step', () => {
  expect(traced({ stepWeights: [3, 1], layout: { channels: 1, stepLengths: [2] } })).toEqual([
    3, 3,
  ]);
});

it('need no product where all are 1', () => {
  expect(traced({ stepWeights: [1, 1], layout })).toBeUndefined();
  expect(traced({ stepWeights: [5, 5], normalizeStepWeights: true, layout })).toBeUndefined();
});

it('have a mean of 1 over positions where that is asked for', () => {
  const weights = traced({ stepWeights: [3, 1], normalizeStepWeights: true, layout })!;
  expect(weights.reduce((sum, weight) => sum + weight, 0) / 4).toBeCloseTo(1, 6);
  expect(weights[0]! / weights[3]!).toBeCloseTo(3, 5);
});

it.each([
  [{ stepWeights: [1, 2, 3, 4] }, 'There are 4 weights for 3 AR steps: give 2'],
  [{ stepWeights: [1, -1], normalizeStepWeights: true }, 'a mean of 0, which cannot be scaled'],
])('%j are refused', (weights, message) => {
  expect(() => checkStepWeights({ ...weights, layout })).toThrow(message);
});
