import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import * as tf from '@tensorflow/tfjs';

/** An array of a fixture, widened to float64. */
export interface FixtureArray {
  readonly shape: readonly number[];
  readonly data: Float64Array;
}

/** All arrays of `test/fixtures/<name>/expected.safetensors`. */
export function readFixture(name: string): (array: string) => FixtureArray {
  const file = readFileSync(join(__dirname, 'fixtures', name, 'expected.safetensors'));
  const headerLength = Number(file.readBigUInt64LE(0));
  const header = JSON.parse(file.toString('utf8', 8, 8 + headerLength)) as Record<
    string,
    { dtype: string; shape: number[]; data_offsets: [number, number] }
  >;
  return (array) => {
    const entry = header[array];
    if (!entry) throw new Error(`The fixture "${name}" has no array "${array}".`);
    const [start, end] = entry.data_offsets;
    const bytes = Uint8Array.from(file.subarray(8 + headerLength + start, 8 + headerLength + end));
    return { shape: entry.shape, data: Float64Array.from(decode(bytes.buffer, entry.dtype)) };
  };
}

/** `test/fixtures/<name>/config.json`. */
export function readFixtureConfig(name: string): Record<string, unknown> {
  return JSON.parse(
    readFileSync(join(__dirname, 'fixtures', name, 'config.json'), 'utf8'),
  ) as Record<string, unknown>;
}

/** max|Δ| / max|reference|. */
export function relativeError(actual: tf.Tensor, reference: FixtureArray): number {
  const values = actual.dataSync();
  if (values.length !== reference.data.length) {
    throw new Error(`${values.length} values cannot match ${reference.data.length}.`);
  }
  let difference = 0;
  let scale = 0;
  reference.data.forEach((value, i) => {
    const delta = Math.abs(values[i]! - value);
    difference = Number.isNaN(delta) ? NaN : Math.max(difference, delta);
    scale = Math.max(scale, Math.abs(value));
  });
  return difference / scale;
}

/** The array as a float32 tensor. */
export function toTensor({ shape, data }: FixtureArray): tf.Tensor {
  return tf.tensor(Float32Array.from(data), [...shape], 'float32');
}

function decode(buffer: ArrayBuffer, dtype: string): Iterable<number> & ArrayLike<number> {
  switch (dtype) {
    case 'F64':
      return new Float64Array(buffer);
    case 'F32':
      return new Float32Array(buffer);
    case 'I64':
      return Array.from(new BigInt64Array(buffer), Number);
    case 'I32':
      return new Int32Array(buffer);
    default:
      throw new Error(`The fixture type ${dtype} is not known.`);
  }
}
