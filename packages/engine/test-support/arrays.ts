import * as tf from '@tensorflow/tfjs';
import type { HostTensor, TensorSpec } from '@ar-distill/program';

/** Uniform numbers in [-1, 1) from a linear congruential generator. */
export function noise(seed: number, count: number): Float32Array {
  let state = Math.imul(seed + 1, 0x9e3779b1) >>> 0;
  return Float32Array.from({ length: count }, () => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return state / 2 ** 31 - 1;
  });
}

/** A float32 array of uniform numbers in [low, high); the same for equal arguments. */
export function uniform(shape: readonly number[], low = -1, high = 1, seed = 1): HostTensor {
  const data = noise(seed, size(shape)).map((value) => low + ((value + 1) / 2) * (high - low));
  return { shape, dtype: 'float32', data };
}

/** An int32 array of uniform numbers in {low, …, high - 1}. */
export function integers(
  shape: readonly number[],
  low: number,
  high: number,
  seed = 1,
): HostTensor {
  const { data } = uniform(shape, low, high, seed);
  return { shape, dtype: 'int32', data: Int32Array.from(data, Math.floor) };
}

/** A float32 array of those values. */
export function floats(shape: readonly number[], ...values: readonly number[]): HostTensor {
  return { shape, dtype: 'float32', data: Float32Array.from(values) };
}

/** A tensor of the current backend. */
export function toTensor({ data, shape, dtype }: HostTensor): tf.Tensor {
  return tf.tensor(data.slice(), [...shape], dtype);
}

/** The values of an eager float32 or int32 tensor. */
export function toHost(tensor: tf.Tensor): HostTensor {
  const data = tensor.dataSync();
  return tensor.dtype === 'int32'
    ? { shape: tensor.shape, dtype: 'int32', data: Int32Array.from(data) }
    : { shape: tensor.shape, dtype: 'float32', data: Float32Array.from(data) };
}

export function specOf({ shape, dtype }: HostTensor): TensorSpec {
  return { shape, dtype };
}

/**
 * max|Δ| / max(1, max|reference|); infinite when shapes, types, special values or integers differ.
 */
export function difference(actual: HostTensor, reference: HostTensor): number {
  if (actual.dtype !== reference.dtype || actual.shape.join() !== reference.shape.join()) {
    return Infinity;
  }
  let error = 0;
  let largest = 1;
  reference.data.forEach((expected, i) => {
    const found = actual.data[i]!;
    if (Object.is(expected, found) || expected === found) return;
    const apart = reference.dtype === 'int32' ? Infinity : Math.abs(expected - found);
    error = Math.max(error, Number.isNaN(apart) ? Infinity : apart);
    if (Number.isFinite(expected)) largest = Math.max(largest, Math.abs(expected));
  });
  return error / largest;
}

function size(shape: readonly number[]): number {
  return shape.reduce((product, length) => product * length, 1);
}
