import * as tf from '@tensorflow/tfjs';
import type { HostTensors } from '@ar-distill/program';
import { floats, specOf } from '../../test-support/arrays';
import { onCpu } from '../../test-support/compare-with-cpu';
import { runOnce } from '../../test-support/run-program';
import { printGraph } from '../ir/print-graph';
import { GraphEmitter } from '../onnx/graph-emitter';
import { trace } from '../trace/trace';
import { lowerProgram } from './lower-program';

tf.enableProdMode();

type Compute = (x: tf.Tensor1D) => Record<string, tf.Tensor>;

const X = floats([6], NaN, Infinity, -Infinity, -0, 0.5, -1.5);

/** Results of all outputs, compiled and eager, every NaN and −0 in its place. */
async function bothWays(compute: Compute): Promise<{ compiled: HostTensors; eager: HostTensors }> {
  const { outputs } = await runOnce(
    ({ inputs }) => ({ outputs: compute(inputs['x'] as tf.Tensor1D) }),
    { state: {}, constants: {}, inputs: { x: specOf(X) } },
    { state: {}, inputs: { x: X } },
  );
  return { compiled: outputs, eager: await onCpu(() => compute(tf.tensor1d(X.data))) };
}

const cases: [string, Compute][] = [
  [
    'paddings with ±∞, NaN and 0 side by side',
    (x) =>
      Object.fromEntries(
        [-Infinity, Infinity, NaN, 0].map((value, i) => [`pad ${i}`, x.pad([[1, 2]], value)]),
      ),
  ],
  [
    'bounds that are infinite, and 0 of both signs',
    (x) => ({
      below: x.clipByValue(-Infinity, 1),
      above: x.clipByValue(-1, Infinity),
      both: x.clipByValue(-Infinity, Infinity),
      zero: x.clipByValue(0, 1),
      negativeZero: x.clipByValue(-1, -0),
    }),
  ],
  [
    'infinite bounds of integers',
    (x) => {
      const whole = x.isFinite().toInt().mul(tf.scalar(7, 'int32')) as tf.Tensor1D;
      return {
        below: whole.clipByValue(-Infinity, 3),
        above: whole.clipByValue(2, Infinity),
        both: whole.clipByValue(-Infinity, Infinity),
      };
    },
  ],
  [
    'one-hot values that differ in nothing that JSON shows',
    (x) => {
      const ids = x.isNaN().toInt() as tf.Tensor1D;
      return {
        lowest: tf.oneHot(ids, 2, 1, -Infinity, 'float32'),
        highest: tf.oneHot(ids, 2, 1, Infinity, 'float32'),
        unknown: tf.oneHot(ids, 2, 1, NaN, 'float32'),
      };
    },
  ],
  [
    'steps whose lower value is not finite, and steps of NaN',
    (x) => ({
      lowest: tf.step(x, -Infinity),
      highest: tf.step(x, Infinity),
      unknown: tf.step(x, NaN),
      plain: tf.step(x),
    }),
  ],
  [
    'slopes that are infinite or NaN',
    (x) => ({
      lowest: tf.leakyRelu(x, -Infinity),
      highest: tf.leakyRelu(x, Infinity),
      unknown: tf.leakyRelu(x, NaN),
    }),
  ],
  [
    'constants of one element and its relatives',
    () =>
      Object.fromEntries(
        [0, -0, NaN, Infinity, -Infinity].flatMap((value, i) => [
          [`fill ${i}`, tf.fill([3], value)],
          [`list ${i}`, tf.tensor1d([1, value, 2])],
        ]),
      ),
  ],
  [
    'what is true of a constant: everything but 0',
    () =>
      Object.fromEntries(
        [0, -0, 0.5, -0.25, NaN, Infinity].map((value, i) => [
          `bool ${i}`,
          tf.fill([2], value).toBool().toInt(),
        ]),
      ),
  ],
];

test.each(cases)('compiled as eager: %s', async (_, compute) => {
  const { compiled, eager } = await bothWays(compute);
  for (const [key, { data }] of Object.entries(eager)) {
    // Object.is, so that NaN equals NaN and −0 is not 0.
    expect([key, ...compiled[key]!.data]).toEqual([key, ...data]);
  }
});

test('paddings with 0 and with −0 keep their signs, which the eager backend drops', async () => {
  const { compiled } = await bothWays((x) => ({
    positive: x.pad([[1, 0]], 0),
    negative: x.pad([[1, 0]], -0),
  }));
  expect([compiled['positive']!.data[0], compiled['negative']!.data[0]]).toEqual([0, -0]);
});

test('updates of a large state that differ in the sign of a 0 are programs of their own', () => {
  const shape = [4];
  const graph = trace(
    'signs',
    ({ state }) => ({
      state: {
        a: state['a']!.clipByValue(0, 1).mul(tf.fill(shape, 0)),
        b: state['b']!.clipByValue(-0, 1).mul(tf.fill(shape, 0)),
        c: state['c']!.clipByValue(0, 1).mul(tf.fill(shape, -0)),
        d: state['d']!.clipByValue(0, 1).mul(tf.fill(shape, 0)),
      },
      outputs: {},
    }),
    {
      state: Object.fromEntries(
        ['a', 'b', 'c', 'd'].map((name) => [name, { shape, dtype: 'float32' }]),
      ),
      constants: {},
      inputs: {},
    },
  );
  const { updates } = lowerProgram(graph, { provider: 'cpu', largeState: 0 });
  const [a, b, c, d] = updates!.calls.map(({ program }) => program);
  expect([a, b, c, d]).toEqual([0, 1, 2, 0]);
});

test('the text of a graph shows the sign of a 0 and what is text', () => {
  const graph = trace(
    'text',
    ({ inputs }) => ({
      outputs: {
        y: inputs['x']!.mul(-0)
          .toInt()
          .pad([[1, 0]], -0),
      },
    }),
    { state: {}, constants: {}, inputs: { x: specOf(X) } },
  );
  expect(printGraph(graph)).toContain('b=-0:float32[]');
  expect(printGraph(graph)).toContain('constantValue=-0');
  expect(printGraph(graph)).toContain('dtype="int32"');
});

test.each([NaN, Infinity, 0.5, 2 ** 60])('an integer of ONNX is none of %p', (axis) => {
  const emit = new GraphEmitter();
  const message = `The attribute "axis" of Concat must be whole numbers, not ${axis}.`;
  expect(() => emit.node('Concat', ['x'], { axis })).toThrow(message);
  expect(() => emit.node('Concat', ['x'], { axis: [0, axis] })).toThrow(message);
});
