import * as tf from '@tensorflow/tfjs';
import type { StepFunction, TensorSpec } from '@ar-distill/program';
import { floats, specOf, toTensor, uniform } from '../../test-support/arrays';
import { runOnce } from '../../test-support/run-program';
import type { Graph } from '../ir/types';
import { trace } from './trace';

tf.enableProdMode();

const X: TensorSpec = { shape: [2, 3], dtype: 'float32' };

const traceOne = (compute: (x: tf.Tensor) => tf.Tensor): Graph =>
  trace('example', ({ inputs }) => ({ outputs: { y: compute(inputs['x']!) } }), {
    state: {},
    constants: {},
    inputs: { x: X },
  });

const traceState = (step: StepFunction): Graph =>
  trace('example', step, { state: { weight: X }, constants: {}, inputs: { x: X } });

beforeEach(async () => {
  await tf.setBackend('cpu');
});

describe('tracing', () => {
  it('computes nothing, keeps no tensors and restores the backend', () => {
    const before = tf.memory().numTensors;
    const { nodes } = traceOne((x) => x.exp().mul(2).sum());
    expect(nodes.map(({ kernel }) => kernel)).toEqual(['Exp', 'Multiply', 'Sum']);
    expect(tf.getBackend()).toBe('cpu');
    expect(tf.memory().numTensors).toBe(before);
  });

  it('restores the backend after a failure too', () => {
    expect(() =>
      traceOne(() => {
        throw new Error('No.');
      }),
    ).toThrow('The program "example" cannot be compiled: No.');
    expect(tf.getBackend()).toBe('cpu');
    expect([...tf.tensor1d([1, 2]).mul(2).dataSync()]).toEqual([2, 4]);
  });

  it('merges equal computations, gradients and constants included', () => {
    const loss = (x: tf.Tensor): tf.Tensor =>
      x
        .mul(tf.tensor1d([1, 2, 3]))
        .softmax()
        .log()
        .mean();
    const once = traceOne((x) => tf.grad(loss)(x));
    const twice = traceOne((x) => tf.grad(loss)(x).add(tf.grad(loss)(x.clone())));
    expect(twice.nodes).toHaveLength(once.nodes.length + 1);
  });

  it('merges equal hand-written gradients', () => {
    const gated = tf.customGrad((x, save) => {
      const gate = (x as tf.Tensor).sigmoid();
      if (typeof save === 'function') save([gate]);
      return {
        value: (x as tf.Tensor).mul(gate),
        gradFunc: (dy: tf.Tensor, saved: tf.Tensor[]) => dy.mul(saved[0]!),
      };
    });
    const once = traceOne((x) => tf.grad((y) => gated(y).sum())(x));
    const twice = traceOne((x) => {
      const gradient = (): tf.Tensor => tf.grad((y) => gated(y).sum())(x);
      return gradient().add(gradient());
    });
    expect(once.nodes.map(({ kernel }) => kernel)).toEqual(['Sigmoid']);
    expect(twice.nodes.map(({ kernel }) => kernel)).toEqual(['Sigmoid', 'Add']);
  });

  it('leaves out what no result needs', () => {
    expect(
      traceOne((x) => {
        x.exp().sum();
        return x.square();
      }).nodes,
    ).toHaveLength(1);
  });

  it('drops operations that change nothing', () => {
    const { nodes, outputs, inputs } = traceOne((x) =>
      x
        .mul(1)
        .add(0)
        .sub(0)
        .div(1)
        .reshape([3, 2])
        .reshape([2, 3])
        .transpose()
        .transpose()
        .toFloat(),
    );
    expect(nodes).toEqual([]);
    expect(outputs['y']).toBe(inputs['x']);
  });
});

describe('tracing names', () => {
  it.each([
    ['the result of "Exp"', (x: tf.Tensor) => x.exp().dataSync()],
    ['the input "x"', (x: tf.Tensor) => x.arraySync()],
    ['a constant', () => tf.scalar(1).dataSync()],
  ])('the tensor that code looked at: %s', (source, look) => {
    expect(() =>
      traceOne((x) => {
        look(x);
        return x;
      }),
    ).toThrow(`was called on ${source}`);
  });

  it('the kernel that cannot be compiled', () => {
    expect(() =>
      traceOne((x) => tf.engine().runKernel('Multinomial', { logits: x }, { numSamples: 2 })),
    ).toThrow('The tfjs kernel "Multinomial" cannot be compiled');
    expect(() => traceOne((x) => tf.cumprod(x))).toThrow('"Cumprod" cannot be compiled');
  });

  it('the type that cannot be compiled', () => {
    expect(() => traceOne(() => tf.tensor1d(['a']))).toThrow('"string" cannot be compiled');
  });

  it('operands that do not fit', () => {
    expect(() => traceOne((x) => x.add(tf.tensor1d([1, 2])))).toThrow(
      'Shapes [2, 3] and [2] do not broadcast.',
    );
  });

  it('state that a step does not own, or that changes its shape or type', () => {
    expect(() =>
      traceState(({ inputs }) => ({ state: { bias: inputs['x']! }, outputs: {} })),
    ).toThrow('It returns the state "bias", which it does not read');
    expect(() =>
      traceState(({ state }) => ({ state: { weight: state['weight']!.sum() }, outputs: {} })),
    ).toThrow('It returns the state "weight" as float32[] where float32[2, 3] is kept.');
    expect(() =>
      traceState(({ state }) => ({ state: { weight: state['weight']!.toInt() }, outputs: {} })),
    ).toThrow('It returns the state "weight" as int32[2, 3] where float32[2, 3] is kept.');
  });
});

describe('tensors from outside', () => {
  it('are copied, not moved', async () => {
    const captured = toTensor(uniform([3], -1, 1, 3));
    const expected = [...captured.dataSync()];
    const { outputs } = await runOnce(
      ({ inputs }) => ({ outputs: { y: inputs['x']!.mul(captured) } }),
      { state: {}, constants: {}, inputs: { x: X } },
      { state: {}, inputs: { x: floats([2, 3], 1, 1, 1, 2, 2, 2) } },
    );
    expect([...outputs['y']!.data]).toEqual([...expected, ...expected.map((value) => 2 * value)]);
    expect(tf.getBackend()).toBe('cpu');
    expect([...captured.dataSync()]).toEqual(expected);
    expect([...captured.add(0).dataSync()]).toEqual(expected);
    captured.dispose();
  });

  it('keep the values that they had', async () => {
    const variable = tf.variable(tf.tensor1d([1, 2, 3]));
    const graph = traceOne((x) => x.add(variable));
    variable.assign(tf.tensor1d([7, 8, 9]));
    const constants = graph.nodes.flatMap(({ inputs }) =>
      Object.values(inputs).flatMap(({ origin }) =>
        origin.kind === 'constant' ? [[...origin.data]] : [],
      ),
    );
    expect(constants).toEqual([[1, 2, 3]]);
    variable.dispose();
  });

  it('must not be traced tensors of an earlier program', () => {
    let kept: tf.Tensor | undefined;
    traceOne((x) => (kept = tf.keep(x.exp())));
    expect(() => traceOne((x) => x.add(kept!))).toThrow(
      'A tensor made while another program was traced cannot be used',
    );
    expect(() => kept!.dataSync()).toThrow('was called on the result of "Exp"');
    kept!.dispose();
  });
});

test('keys are free: nothing that is generated collides with them', async () => {
  const keys = ['%0', '%1', 'state/x', 'ü ä:0', 'output/%2', '__proto__x', ''];
  const values = Object.fromEntries(keys.map((key, i) => [key, uniform([2], -1, 1, i)]));
  const step: StepFunction = ({ state, inputs }) => ({
    state: Object.fromEntries(keys.map((key) => [key, state[key]!.add(inputs[key]!)])),
    outputs: Object.fromEntries(keys.map((key) => [key, state[key]!.mul(3).sub(inputs[key]!)])),
  });
  const specs = Object.fromEntries(keys.map((key) => [key, specOf(values[key]!)]));
  const { state, outputs } = await runOnce(
    step,
    { state: specs, constants: {}, inputs: specs },
    { state: values, inputs: values },
  );
  for (const key of keys) {
    const expected = Array.from(values[key]!.data, (value) => Math.fround(2 * value));
    expect([...state[key]!.data]).toEqual(expected);
    outputs[key]!.data.forEach((value, i) => expect(value).toBeCloseTo(expected[i]!, 6));
  }
});
