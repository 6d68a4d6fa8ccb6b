import * as tf from '@tensorflow/tfjs';
import { clipByGlobalNorm } from './clip-by-global-norm';

beforeAll(async () => {
  tf.enableProdMode();
  await tf.setBackend('cpu');
});

test('scales all gradients by one factor', () => {
  const { gradients, norm } = clipByGlobalNorm(
    { a: tf.tensor1d([3, 0]), b: tf.tensor2d([[4]]) },
    1,
  );
  expect(norm.dataSync()[0]).toBeCloseTo(5, 6);
  expect(gradients.a!.dataSync()[0]).toBeCloseTo(0.6, 6);
  expect(gradients.b!.dataSync()[0]).toBeCloseTo(0.8, 6);
  expect(gradients.b!.shape).toEqual([1, 1]);
});

test('leaves small and zero gradients as they are', () => {
  const small = tf.tensor1d([0.3, -0.4]);
  expect(clipByGlobalNorm({ a: small }, 1).gradients.a!.dataSync()).toEqual(small.dataSync());
  const { gradients, norm } = clipByGlobalNorm({ a: tf.zeros([2]) }, 1);
  expect(Array.from(gradients.a!.dataSync())).toEqual([0, 0]);
  expect(norm.dataSync()[0]).toBe(0);
  expect(clipByGlobalNorm({}, 1).norm.dataSync()[0]).toBe(0);
});

test('refuses a norm that is not above 0', () => {
  expect(() => clipByGlobalNorm({}, 0)).toThrow(RangeError);
});
