import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { type HostTensor, float32 } from '@ar-distill/program';
import { uniform } from '../../test-support/arrays';
import type { OnnxGraph, OnnxNode, OnnxTensor } from '../onnx/model';
import { encodeFiles } from './encode-files';
import { halfPrecision } from './half-precision';
import { integerWeights } from './integer-weights';
import { openModelFile } from './model-file-session';
import { float32Values } from './values';

const [ROWS, COLUMNS] = [64, 48];

function initializer(name: string, { shape, data }: HostTensor): OnnxTensor {
  return { name, shape, type: 'float32', bytes: new Uint8Array(data.buffer) };
}

function node(
  op: string,
  inputs: readonly string[],
  output: string,
  attributes: OnnxNode['attributes'] = {},
): OnnxNode {
  return { op, domain: '', inputs, outputs: [output], attributes };
}

const SWAPPED = { perm: { kind: 'ints', value: [1, 0] } } as const;
const WEIGHT = uniform([ROWS, COLUMNS], -1, 1, 1);

/** x · Wᵀ + bias. */
const graph: OnnxGraph = {
  name: 'linear',
  nodes: [
    node('Transpose', ['weight'], 'transposed', SWAPPED),
    node('MatMul', ['x', 'transposed'], 'product'),
    node('Add', ['product', 'bias'], 'y'),
  ],
  initializers: [initializer('weight', WEIGHT), initializer('bias', uniform([1, ROWS], -1, 1, 2))],
  inputs: [{ name: 'x', type: 'float32', shape: ['batch', COLUMNS] }],
  outputs: [{ name: 'y', type: 'float32', shape: ['batch', ROWS] }],
};

const named = ({ initializers }: OnnxGraph, name: string): OnnxTensor | undefined =>
  initializers.find((tensor) => tensor.name === name);

describe('int8 weights', () => {
  it('have a scale per output channel, with which they are off by half a step at most', () => {
    const quantized = integerWeights(graph);
    const scales = float32Values(named(quantized, 'weight/scales')!);
    const values = new Int8Array(named(quantized, 'weight/int8')!.bytes.buffer);
    expect(scales).toHaveLength(ROWS);
    for (let row = 0; row < ROWS; row++) {
      const weights = WEIGHT.data.subarray(row * COLUMNS, (row + 1) * COLUMNS);
      const largest = Math.max(...weights.map(Math.abs));
      expect(scales[row]).toBeCloseTo(largest / 127, 8);
      weights.forEach((weight, i) => {
        const apart = Math.abs(values[row * COLUMNS + i]! * scales[row]! - weight);
        expect(apart).toBeLessThanOrEqual(scales[row]! / 2 + 1e-7);
      });
    }
    expect(quantized.nodes[0]).toEqual(
      node('DequantizeLinear', ['weight/int8', 'weight/scales'], 'weight', {
        axis: { kind: 'int', value: 0 },
      }),
    );
    // Small ones, and those that are added, stay as they are.
    expect(named(quantized, 'bias')).toBe(graph.initializers[1]);
    expect(named(quantized, 'weight')).toBeUndefined();
  });

  it.each<[string, readonly OnnxNode[], number | undefined]>([
    ['of a table, by row', [node('Gather', ['weight', 'x'], 'y')], 0],
    ['of a product, by column', [node('MatMul', ['x', 'weight'], 'y')], 1],
    ['that is the first factor, by row', [node('MatMul', ['weight', 'x'], 'y')], 0],
    [
      'with readers who disagree, not at all',
      [node('MatMul', ['x', 'weight'], 'z'), node('MatMul', ['weight', 'z'], 'y')],
      undefined,
    ],
    ['that is added, not at all', [node('Add', ['x', 'weight'], 'y')], undefined],
  ])('are made of a weight %s', (_what, nodes, axis) => {
    const gathered = nodes.map((own) =>
      own.op === 'Gather'
        ? { ...own, attributes: { axis: { kind: 'int', value: 0 } as const } }
        : own,
    );
    const [first] = integerWeights({ ...graph, nodes: gathered }).nodes;
    expect(first!.attributes['axis']).toEqual(
      axis === undefined ? gathered[0]!.attributes['axis'] : { kind: 'int', value: axis },
    );
    expect(first!.op === 'DequantizeLinear').toBe(axis !== undefined);
  });
});

it('float16 weights are the nearest ones, and what is too large is the largest', () => {
  const known = initializer('known', float32([4], Float32Array.of(1, 0.1, -1 / 3, 1e9)));
  const half = halfPrecision({ ...graph, initializers: [...graph.initializers, known] });
  const bits = (name: string): Uint16Array => new Uint16Array(named(half, name)!.bytes.buffer);
  // 1, 0.1, −1/3 and the largest number there is.
  expect([...bits('known')]).toEqual([0x3c00, 0x2e66, 0xb555, 0x7bff]);
  expect(bits('weight')).toHaveLength(ROWS * COLUMNS);
  expect(half.nodes.map(({ op }) => op)).toEqual(['Cast', 'Transpose', 'MatMul', 'Add', 'Cast']);
  expect(half.inputs).toEqual(graph.inputs);
  expect(half.outputs).toEqual(graph.outputs);
});

it('constants that one file cannot hold lie in a second one, aligned', async () => {
  const folder = mkdtempSync(path.join(tmpdir(), 'ar-distill-external-'));
  const x = float32([3, COLUMNS], uniform([3, COLUMNS], -1, 1, 5).data as Float32Array);
  const results: HostTensor[] = [];
  for (const [name, largest] of [
    ['whole.onnx', 2 ** 20],
    ['split.onnx', 1000],
  ] as const) {
    const files = encodeFiles(graph, name, {}, largest);
    for (const { name: file, pieces } of files) {
      writeFileSync(path.join(folder, file), Buffer.concat(pieces));
    }
    expect(files.map((file) => file.name)).toEqual(
      largest === 1000 ? [name, `${name}.data`] : [name],
    );
    const model = await openModelFile(path.join(folder, name), 1);
    results.push((await model.run({ x }))['y']!);
    await model.dispose();
  }
  expect(results[1]).toEqual(results[0]);
  const size = (name: string): number => readFileSync(path.join(folder, name)).length;
  expect(size('split.onnx')).toBeLessThan(1500);
  expect(size('split.onnx.data')).toBe(4 * ROWS * COLUMNS);
  rmSync(folder, { recursive: true });
});
