import * as tf from '@tensorflow/tfjs';
import { emaUpdate } from './ema-update';

beforeAll(async () => {
  tf.enableProdMode();
  await tf.setBackend('cpu');
});

test('averages with the given decay', () => {
  const next = emaUpdate({ a: tf.tensor1d([1, 2]) }, { a: tf.tensor1d([5, -2]) }, tf.scalar(0.75));
  expect(Array.from(next.a!.dataSync())).toEqual([2, 1]);
});

test('names a missing average', () => {
  expect(() => emaUpdate({}, { a: tf.scalar(1) }, tf.scalar(0.5))).toThrow('"a" has no moving');
});
