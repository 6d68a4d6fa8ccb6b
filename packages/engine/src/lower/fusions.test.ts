import * as tf from '@tensorflow/tfjs';
import type { StepFunction } from '@ar-distill/program';
import { runOnce } from '../../test-support/run-program';
import { trace } from '../trace/trace';
import { fuse } from './fusions';

type Activation = (x: tf.Tensor) => tf.Tensor;

const SLOPE = 2 * Math.sqrt(2 / Math.PI);

/** x·σ(2√(2/π)(x + 0.044715x³)), as layers write GELU's approximation. */
const geluTanh: Activation = (x) =>
  x.mul(
    x
      .square()
      .mul(SLOPE * 0.044715)
      .add(SLOPE)
      .mul(x)
      .sigmoid(),
  );
const geluErf: Activation = (x) => x.mul(Math.SQRT1_2).erf().add(1).mul(0.5).mul(x);

const SHAPE = [3, 40];
const SPEC = {
  state: {},
  constants: {},
  inputs: { x: { shape: SHAPE, dtype: 'float32' } },
} as const;

const program =
  (activation: Activation): StepFunction =>
  ({ inputs }) => ({ outputs: { y: activation(inputs['x']!) } });

const fusedKernels = (fn: StepFunction): string[] =>
  fuse(trace('gelu', fn, SPEC)).nodes.map(({ kernel }) => kernel);

beforeAll(async () => {
  tf.enableProdMode();
  await tf.setBackend('cpu');
});

describe.each([
  ['the approximation', geluTanh],
  ['the exact function', geluErf],
] as const)('GELU, %s', (_, activation) => {
  it('becomes one kernel with the same values', async () => {
    expect(fusedKernels(program(activation))).toEqual(['Gelu']);
    const data = Float32Array.from({ length: 120 }, (_, i) => (i - 60) / 10);
    const x = { shape: SHAPE, dtype: 'float32', data } as const;
    const { outputs } = await runOnce(program(activation), SPEC, { state: {}, inputs: { x } });
    const expected = activation(tf.tensor(data, SHAPE)).dataSync();
    outputs['y']!.data.forEach((y, i) => expect(Math.abs(y - expected[i]!)).toBeLessThan(2e-6));
  });

  it('stays apart where its gradient reads the parts', () => {
    const value = (x: tf.Tensor): tf.Tensor => activation(x).sum();
    const fn: StepFunction = ({ inputs }) => {
      const { value: loss, grad } = tf.valueAndGrad(value)(inputs['x']!);
      return { outputs: { loss, grad } };
    };
    expect(fusedKernels(fn)).not.toContain('Gelu');
  });
});

it('leaves similar functions and shared parts alone', () => {
  const steeper: Activation = (x) => x.mul(x.square().mul(0.1).add(SLOPE).mul(x).sigmoid());
  const shifted: Activation = (x) => x.mul(Math.SQRT1_2).erf().add(1).mul(0.5).mul(x.add(1));
  const readTwice: Activation = (x) => {
    const cdf = x.mul(Math.SQRT1_2).erf().add(1).mul(0.5);
    return x.mul(cdf).add(cdf);
  };
  for (const activation of [steeper, shifted, readTwice, (x: tf.Tensor) => x.mul(x.sigmoid())]) {
    expect(fusedKernels(program(activation))).not.toContain('Gelu');
  }
});
