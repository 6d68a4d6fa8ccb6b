import * as tf from '@tensorflow/tfjs';
import type { HostTensor, HostTensors, StepFunction } from '@ar-distill/program';
import { floats, integers, specOf, uniform } from '../../test-support/arrays';
import { ProgramSession, type ProgramValues, runOnce } from '../../test-support/run-program';
import type { TraceSpec } from '../trace/trace';

tf.enableProdMode();

const STEPS = 7;
const CONSTANTS = { table: uniform([6, 3], -1, 1, 4) };

/** One momentum update of a regression on looked-up rows, and a counter. */
const step: StepFunction = ({ state, constants, inputs }) => {
  const rows = tf.gather(constants['table']!, inputs['ids']!);
  const loss = (weight: tf.Tensor): tf.Scalar =>
    tf.tanh(rows.matMul(weight)).sub(inputs['targets']!).square().mean();
  const { value, grad } = tf.valueAndGrad(loss)(state['weight']!);
  const momentum = state['momentum']!.mul(0.9).add(grad);
  return {
    state: {
      weight: state['weight']!.sub(momentum.mul(0.1)),
      momentum,
      count: state['count']!.add(tf.scalar(1, 'int32')),
      frozen: state['frozen']!,
      last: inputs['ids']!,
    },
    outputs: { loss: value, scaled: rows.mul(state['frozen']!), count: state['count']! },
  };
};

const STATE: HostTensors = {
  weight: uniform([3, 2], -1, 1, 1),
  momentum: floats([3, 2], 0, 0, 0, 0, 0, 0),
  count: { shape: [], dtype: 'int32', data: Int32Array.of(3) },
  frozen: floats([], 1.5),
  last: { shape: [4], dtype: 'int32', data: new Int32Array(4) },
};
const INPUTS: readonly HostTensors[] = Array.from({ length: STEPS }, (_, i) => ({
  ids: integers([4], 0, 6, 10 + i),
  targets: uniform([4, 2], -1, 1, 20 + i),
}));
const SPEC: TraceSpec = {
  state: mapTensors(STATE, specOf),
  constants: CONSTANTS,
  inputs: mapTensors(INPUTS[0]!, specOf),
};

function mapTensors<A, B>(tensors: Record<string, A>, map: (value: A) => B): Record<string, B> {
  return Object.fromEntries(Object.entries(tensors).map(([key, value]) => [key, map(value)]));
}

function stack(tensors: readonly HostTensor[]): HostTensor {
  const first = tensors[0]!;
  const shape = [tensors.length, ...first.shape];
  const data = tensors.flatMap((tensor) => [...tensor.data]);
  return first.dtype === 'float32'
    ? { shape, dtype: 'float32', data: Float32Array.from(data) }
    : { shape, dtype: 'int32', data: Int32Array.from(data) };
}

const stackAll = (rows: readonly HostTensors[]): HostTensors =>
  Object.fromEntries(
    Object.keys(rows[0]!).map((key) => [key, stack(rows.map((row) => row[key]!))]),
  );

test('steps in a loop equal separate steps bit by bit', async () => {
  const single = await ProgramSession.compile(step, SPEC);
  let values: ProgramValues = { state: STATE, inputs: {} };
  const outputs: HostTensors[] = [];
  for (const inputs of INPUTS) {
    const result = await single.run({ state: values.state, inputs });
    values = { state: result.state, inputs };
    outputs.push(result.outputs);
  }
  await single.close();

  const looped = await runOnce(
    step,
    SPEC,
    { state: STATE, inputs: stackAll(INPUTS) },
    { iterations: STEPS },
  );
  expect(looped.state).toEqual(values.state);
  expect(looped.outputs).toEqual(stackAll(outputs));
  expect(looped.state['count']!.data).toEqual(Int32Array.of(3 + STEPS));
});

test('state that changes places is read before it is written', async () => {
  const swap: StepFunction = ({ state }) => ({
    state: { a: state['b']!, b: state['a']! },
    outputs: { sum: state['a']!.add(state['b']!.mul(10)) },
  });
  const state = { a: floats([], 1), b: floats([], 2) };
  const spec: TraceSpec = { state: mapTensors(state, specOf), constants: {}, inputs: {} };
  const once = await runOnce(swap, spec, { state, inputs: {} });
  expect([once.state['a']!.data[0], once.state['b']!.data[0]]).toEqual([2, 1]);
  const three = await runOnce(swap, spec, { state, inputs: {} }, { iterations: 3 });
  expect([three.state['a']!.data[0], three.state['b']!.data[0]]).toEqual([2, 1]);
  expect([...three.outputs['sum']!.data]).toEqual([21, 12, 21]);
});
