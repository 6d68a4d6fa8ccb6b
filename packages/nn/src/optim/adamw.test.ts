import * as tf from '@tensorflow/tfjs';
import { adamW, biasCorrections } from './adamw';

beforeAll(async () => {
  tf.enableProdMode();
  await tf.setBackend('cpu');
});

/** Algorithm 2 of the AdamW paper for one number, in float64. */
function naive(start: number, gradients: number[], lr: number, decay: number): number {
  const [beta1, beta2, epsilon] = [0.9, 0.95, 1e-8];
  let [value, m, v] = [start, 0, 0];
  gradients.forEach((gradient, i) => {
    m = beta1 * m + (1 - beta1) * gradient;
    v = beta2 * v + (1 - beta2) * gradient ** 2;
    const corrected = m / (1 - beta1 ** (i + 1));
    const scale = Math.sqrt(v / (1 - beta2 ** (i + 1))) + epsilon;
    value -= lr * (corrected / scale + decay * value);
  });
  return value;
}

test.each([0, 0.1])('several updates follow the algorithm, weight decay %p', (weightDecay) => {
  const start = [1.5, -0.3, 0];
  const gradients = [
    [0.2, -1, 0],
    [-0.7, 1e-4, 0],
    [0.05, 30, 0],
    [0.4, -2, 0],
  ];
  let parameters: Record<string, tf.Tensor> = { w: tf.tensor1d(start) };
  let moments1: Record<string, tf.Tensor> = { w: tf.zeros([3]) };
  let moments2: Record<string, tf.Tensor> = { w: tf.zeros([3]) };
  gradients.forEach((gradient, i) => {
    const corrections = biasCorrections(i + 1, 0.9, 0.95);
    ({ parameters, moments1, moments2 } = adamW({
      parameters,
      gradients: { w: tf.tensor1d(gradient) },
      moments1,
      moments2,
      learningRate: tf.scalar(0.01),
      biasCorrection1: tf.scalar(corrections.biasCorrection1),
      biasCorrection2: tf.scalar(corrections.biasCorrection2),
      beta1: 0.9,
      beta2: 0.95,
      weightDecay,
    }));
  });
  const values = parameters.w!.dataSync();
  start.forEach((value, i) => {
    const own = gradients.map((gradient) => gradient[i]!);
    expect(values[i]).toBeCloseTo(naive(value, own, 0.01, weightDecay), 6);
  });
});

test('the first update moves every weight by the learning rate, whatever its gradient', () => {
  const { biasCorrection1, biasCorrection2 } = biasCorrections(1, 0.9, 0.999);
  const { parameters } = adamW({
    parameters: { w: tf.zeros([2]) },
    gradients: { w: tf.tensor1d([1e-3, -50]) },
    moments1: { w: tf.zeros([2]) },
    moments2: { w: tf.zeros([2]) },
    learningRate: tf.scalar(0.1),
    biasCorrection1: tf.scalar(biasCorrection1),
    biasCorrection2: tf.scalar(biasCorrection2),
    beta1: 0.9,
    beta2: 0.999,
  });
  const [first, second] = parameters.w!.dataSync();
  expect(first).toBeCloseTo(-0.1, 5);
  expect(second).toBeCloseTo(0.1, 5);
});

test('names what is missing, and counts updates from 1', () => {
  const one = tf.scalar(1);
  const update = {
    gradients: { w: tf.zeros([2]) },
    moments1: {},
    moments2: {},
    learningRate: one,
    biasCorrection1: one,
    biasCorrection2: one,
    beta1: 0.9,
    beta2: 0.95,
  };
  expect(() => adamW({ ...update, parameters: {} })).toThrow('"w" has no parameter');
  expect(() => adamW({ ...update, parameters: { w: tf.zeros([2]) } })).toThrow(
    '"w" has no first moment',
  );
  expect(() => biasCorrections(0, 0.9, 0.95)).toThrow('counted from 1');
});
