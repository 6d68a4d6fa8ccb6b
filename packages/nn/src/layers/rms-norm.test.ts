import * as tf from '@tensorflow/tfjs';
import { rmsNorm, rmsNormSpecs } from './rms-norm';

tf.enableProdMode();

const weight = tf.tensor1d([1, 2, -1]);
const parameters = { 'norm.weight': weight };
const x = tf.tensor2d([
  [1, 2, 3],
  [-4, 0, 0.5],
]);

/** The definition, differentiated by autodiff. */
function definition(values: tf.Tensor, epsilon: number): tf.Tensor {
  return values.div(values.square().mean(-1, true).add(epsilon).sqrt()).mul(weight);
}

it.each([1e-5, 0.5])('divides by the root mean square, epsilon %s', (epsilon) => {
  const error = rmsNorm(parameters, 'norm', x, epsilon).sub(definition(x, epsilon)).abs().max();
  expect(error.dataSync()[0]!).toBeLessThan(1e-6);
});

it('has the gradient of its definition', () => {
  const probe = tf.tensor2d([
    [0.3, -1, 2],
    [1, 0.7, -0.2],
  ]);
  const gradient = (f: (v: tf.Tensor) => tf.Tensor): tf.Tensor =>
    tf.grad((v) => f(v).mul(probe).sum())(x);
  const own = gradient((v) => rmsNorm(parameters, 'norm', v, 0.1));
  const error = own
    .sub(gradient((v) => definition(v, 0.1)))
    .abs()
    .max();
  expect(error.dataSync()[0]!).toBeLessThan(1e-5);
  expect(rmsNormSpecs(3)['weight']!.shape).toEqual(weight.shape);
});
