import * as tf from '@tensorflow/tfjs';
import { rotateChannelPairs } from './rotary-embedding';

beforeAll(async () => {
  tf.enableProdMode();
  await tf.setBackend('cpu');
});

/** Angles per position and pair, as the table of cosines or sines per channel. */
function table(angles: readonly (readonly number[])[], f: (angle: number) => number): tf.Tensor2D {
  return tf.tensor2d(angles.map((row) => row.flatMap((angle) => [f(angle), f(angle)])));
}

it('turns every pair of channels by its angle', () => {
  const x = tf.tensor3d([[[1, 0, 0, 2]]]);
  const angles = [[Math.PI / 2, Math.PI / 6]];
  const rotated = rotateChannelPairs(x, table(angles, Math.cos), table(angles, Math.sin));
  const expected = [0, 1, -2 * Math.sin(Math.PI / 6), 2 * Math.cos(Math.PI / 6)];
  rotated.dataSync().forEach((value, i) => expect(value).toBeCloseTo(expected[i]!, 6));
});

it('makes products of queries and keys depend on the difference of their angles', () => {
  const q = tf.tensor3d([[[0.3, -1, 2, 0.5]]]);
  const k = tf.tensor3d([[[1, 0.2, -0.4, 1.5]]]);
  const at = (x: tf.Tensor, angle: number): tf.Tensor =>
    rotateChannelPairs(
      x,
      table([[angle, 3 * angle]], Math.cos),
      table([[angle, 3 * angle]], Math.sin),
    );
  const product = (a: number, b: number): number => at(q, a).mul(at(k, b)).sum().dataSync()[0]!;
  expect(product(1.2, 0.5)).toBeCloseTo(product(2.2, 1.5), 5);
  expect(product(1.2, 0.5)).not.toBeCloseTo(product(1.2, 1.5), 1);
});

it('makes zero rows zero and refuses odd sizes', () => {
  const x = tf.ones([2, 1, 4]);
  const zero = tf.zeros([1, 4]);
  expect(rotateChannelPairs(x, zero, zero).abs().max().dataSync()[0]).toBe(0);
  expect(() => rotateChannelPairs(tf.ones([1, 1, 3]), zero, zero)).toThrow(/even number/);
});

it('has the inverse rotation as its gradient', () => {
  const angles = [
    [0.4, 1.1],
    [2, -0.3],
  ];
  const [cos, sin] = [table(angles, Math.cos), table(angles, Math.sin)];
  const dy = tf.tensor3d([
    [
      [1, 2, 3, 4],
      [-1, 0.5, 2, 0],
    ],
  ]);
  const gradient = tf.grad((x) => rotateChannelPairs(x, cos, sin).mul(dy).sum())(
    tf.zeros([1, 2, 4]),
  );
  const inverse = rotateChannelPairs(dy, cos, sin.neg());
  expect(gradient.sub(inverse).abs().max().dataSync()[0]!).toBeLessThan(1e-6);
});
