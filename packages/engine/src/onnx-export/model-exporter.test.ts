import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import * as tf from '@tensorflow/tfjs';
import type { HostTensors, ModelPrecision, SampleProgram } from '@ar-distill/program';
import { difference, integers, toHost, toTensor, uniform } from '../../test-support/arrays';
import { createModelExporter } from './model-exporter';

tf.enableProdMode();

const WIDTH = 40;
const LENGTH = 6;
const CLASSES = 4;
const MASK = Float32Array.from({ length: LENGTH * LENGTH }, (_, i) =>
  i % LENGTH > Math.floor(i / LENGTH) ? -1e9 : 0,
);

/** Attention under a mask, an embedding, a convolution and sizes of many kinds. */
const program: SampleProgram = {
  name: 'attention',
  constants: {
    queries: uniform([WIDTH, WIDTH], -1, 1, 1),
    keys: uniform([WIDTH, WIDTH], -1, 1, 2),
    classes: uniform([CLASSES, 1, WIDTH], -1, 1, 3),
    filter: uniform([3, 3, 1, 8], -1, 1, 4),
    scale: uniform([WIDTH], 0.5, 1.5, 5),
    mask: { shape: [LENGTH, LENGTH], dtype: 'float32', data: MASK },
  },
  inputs: {
    x: { shape: [LENGTH, WIDTH], dtype: 'float32' },
    label: { shape: [], dtype: 'int32' },
  },
  fn: ({ constants: { queries, keys, classes, filter, scale, mask }, inputs: { x, label } }) => {
    const [batch = 0] = x!.shape;
    const linear = (weight: tf.Tensor): tf.Tensor =>
      tf.matMul(embedded.reshape([-1, WIDTH]), weight as tf.Tensor2D, false, true);
    const embedded = tf.add(x!, tf.gather(classes!, label!)).mul(scale!);
    const heads = (rows: tf.Tensor): tf.Tensor =>
      rows.reshape([batch, LENGTH, 2, WIDTH / 2]).transpose([0, 2, 1, 3]);
    const scores = tf.matMul(heads(linear(queries!)), heads(linear(keys!)), false, true);
    const mixed = tf.matMul(tf.softmax(scores.div(5).add(mask!)), heads(embedded));
    const images = mixed.transpose([0, 2, 1, 3]).reshape([batch, LENGTH, WIDTH, 1]);
    const first = tf.tile(images.slice([0, 0, 0, 0], [batch, 1, WIDTH, 1]), [1, LENGTH, 1, 1]);
    const grown = tf.concat([images, first, tf.zeros([batch, LENGTH, WIDTH, 1])], 1);
    const features = tf.conv2d(grown as tf.Tensor4D, filter as tf.Tensor4D, 1, 'same');
    return { outputs: { y: tf.tanh(features.mean([1, 2])) } };
  },
};

const inputsOf = (count: number): HostTensors => ({
  x: uniform([count, LENGTH, WIDTH], -1, 1, count),
  label: integers([count], 0, CLASSES, count),
});

async function eagerly(inputs: HostTensors) {
  await tf.setBackend('cpu');
  const tensors = (values: Readonly<HostTensors>) =>
    Object.fromEntries(Object.entries(values).map(([key, value]) => [key, toTensor(value)]));
  tf.engine().startScope();
  const read = { state: {}, constants: tensors(program.constants!), inputs: tensors(inputs) };
  const result = toHost(program.fn(read).outputs['y']!);
  tf.engine().endScope();
  return result;
}

describe('exported models', () => {
  let folder: string;
  const exporter = createModelExporter({ threads: 1 });
  beforeAll(() => {
    folder = mkdtempSync(path.join(tmpdir(), 'ar-distill-onnx-'));
  });
  afterAll(() => rmSync(folder, { recursive: true }));

  const write = (precision: ModelPrecision, made = program) => {
    const files = exporter.export(made).encode(`${precision}.onnx`, precision, { key: 'a text' });
    for (const { name, pieces } of files) {
      writeFileSync(path.join(folder, name), Buffer.concat(pieces));
    }
    return { file: path.join(folder, `${precision}.onnx`), bytes: Buffer.concat(files[0]!.pieces) };
  };

  it.each<[ModelPrecision, number]>([
    ['fp32', 2e-6],
    ['fp16', 5e-3],
    ['int8', 2e-2],
  ])('compute what the function computes, for any number of samples: %s', async (kind, bound) => {
    const { file } = write(kind);
    const model = await exporter.open(file);
    for (const count of [1, 3, 17]) {
      const inputs = inputsOf(count);
      const { y } = await model.run(inputs);
      const apart = difference(y!, await eagerly(inputs));
      expect(apart).toBeLessThan(bound);
      // Rounded weights are others.
      if (kind !== 'fp32') expect(apart).toBeGreaterThan(1e-6);
    }
    await model.dispose();
  });

  it('are of standard operators alone, say what they are, and keep their weights small', () => {
    const [exact, half, small] = (['fp32', 'fp16', 'int8'] as const).map((kind) => write(kind));
    for (const { bytes } of [exact!, half!, small!]) {
      expect(bytes.includes('microsoft')).toBe(false);
      expect(bytes.includes('FusedMatMul')).toBe(false);
      expect(bytes.includes('a text')).toBe(true);
    }
    expect(small!.bytes.includes('DequantizeLinear')).toBe(true);
    const weights = 4 * (2 * WIDTH * WIDTH);
    expect(exact!.bytes.length - half!.bytes.length).toBeGreaterThan(weights / 2 - 1000);
    expect(exact!.bytes.length - small!.bytes.length).toBeGreaterThan(weights * 0.75 - 2000);
  });

  it.each<[string, SampleProgram['fn'], string]>([
    [
      'a value that is the number of samples',
      ({ inputs: { x } }) => ({ outputs: { y: x!.div(x!.shape[0]!) } }),
      'because its Div "',
    ],
    [
      'a size that grows with its square',
      ({ inputs: { x } }) => {
        const [batch = 0, length = 0, width = 0] = x!.shape;
        const squared = tf.tile(tf.expandDims(x!, 0), [batch, 1, 1, 1]);
        const rows = squared.reshape([batch * batch, length, width]).square();
        return { outputs: { y: rows.slice([0, 0, 0], [batch, length, width]) } };
      },
      'because its Reshape "',
    ],
    [
      'no axis of samples',
      ({ inputs: { x } }) => ({ outputs: { y: x!.mean(0) } }),
      'The output "y" of the program "attention" has no leading axis of samples: give it one.',
    ],
    [
      'another operator for another number',
      ({ inputs: { x } }) => ({
        outputs: { y: x!.shape[0]! > 12 ? x!.square() : x!.square().exp() },
      }),
      'has other operators for another number of samples',
    ],
  ])('are refused for %s', (_what, fn, sentence) => {
    expect(() => exporter.export({ ...program, fn })).toThrow(sentence);
  });
});
