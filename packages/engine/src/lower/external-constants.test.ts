import * as tf from '@tensorflow/tfjs';
import type { StepFunction } from '@ar-distill/program';
import { specOf, uniform } from '../../test-support/arrays';
import { runOnce } from '../../test-support/run-program';
import { encodeModel } from '../onnx/model';
import { trace, type TraceSpec } from '../trace/trace';
import { toOnnx } from './to-onnx';

tf.enableProdMode();

const LARGE = uniform([200, 100], -1, 1, 1);
const SMALL = uniform([100], -1, 1, 2);
const X = uniform([3, 200], -1, 1, 3);
const spec: TraceSpec = {
  state: {},
  constants: { large: LARGE, small: SMALL, unused: uniform([300, 100]) },
  inputs: { x: specOf(X) },
};
const project: StepFunction = ({ constants, inputs }) => ({
  outputs: { y: tf.matMul(inputs['x']!, constants['large']!).add(constants['small']!) },
});

test('large constants stay outside of the model, as the arrays that were given', async () => {
  const graph = trace('project', project, spec);
  const inside = toOnnx(graph, { provider: 'cpu' });
  expect(inside.externalData).toBeUndefined();
  expect(inside.model.length).toBeGreaterThan(LARGE.data.byteLength);
  const outside = toOnnx(graph, { provider: 'cpu', externalConstants: true });
  expect(outside.model.length).toBeLessThan(4096);
  expect(outside.externalData).toHaveLength(1);
  expect(outside.externalData![0]!.data.buffer).toBe(LARGE.data.buffer);
});

test.each([1, 2])('they give the same results: %i steps a run', async (iterations) => {
  const x = { ...X, shape: iterations === 1 ? X.shape : [iterations, ...X.shape] };
  const data = new Float32Array(iterations * X.data.length);
  for (let i = 0; i < iterations; i++) data.set(X.data, i * X.data.length);
  const values = { state: {}, inputs: { x: { shape: x.shape, dtype: 'float32' as const, data } } };
  const inside = await runOnce(project, spec, values, { iterations });
  const outside = await runOnce(project, spec, values, { iterations, externalConstants: true });
  expect(outside).toEqual(inside);
});

test('a model that is too large is refused before it is written', () => {
  const bytes = new Uint8Array(2 ** 20);
  const initializers = Array.from({ length: 2048 }, (_, i) => ({
    name: `c${i}`,
    shape: [2 ** 18],
    type: 'float32' as const,
    bytes,
  }));
  expect(() =>
    encodeModel({ name: 'teacher', nodes: [], initializers, inputs: [], outputs: [] }),
  ).toThrow('The constants of "teacher" take 2.0 GiB, more than the 2 GiB of a model');
});
