import * as tf from '@tensorflow/tfjs';
import { stopGradient } from './stop-gradient';

beforeAll(async () => {
  tf.enableProdMode();
  await tf.setBackend('cpu');
});

test('keeps values and stops the gradient of this path only', () => {
  const x = tf.tensor1d([2, -3]);
  expect(stopGradient(x).dataSync()).toEqual(x.dataSync());
  const gradient = tf.grad((value: tf.Tensor) => tf.sum(tf.mul(stopGradient(value), value)))(x);
  expect(Array.from(gradient.dataSync())).toEqual([2, -3]);
});

test('a function of stopped values alone has the gradient 0', () => {
  const gradient = tf.grad((value: tf.Tensor) => tf.sum(tf.square(stopGradient(value))))(
    tf.tensor1d([2, -3]),
  );
  expect(Array.from(gradient.dataSync())).toEqual([0, 0]);
});
