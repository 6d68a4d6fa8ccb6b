import * as tf from '@tensorflow/tfjs';
import type { HostTensor, HostTensors } from '@ar-distill/program';

/** Tensors on the current backend; they may share memory with the arrays. */
export function toTensors(values: Readonly<HostTensors>): Record<string, tf.Tensor> {
  return Object.fromEntries(
    Object.entries(values).map(([name, { data, shape, dtype }]) => [
      name,
      tf.tensor(data, [...shape], dtype),
    ]),
  );
}

/** A copy of the values; throws on booleans, which cannot leave compiled programs either. */
export function toHostTensor(tensor: tf.Tensor): HostTensor {
  const shape = [...tensor.shape];
  const values = tensor.dataSync();
  if (tensor.dtype === 'float32') {
    return { shape, dtype: 'float32', data: Float32Array.from(values) };
  }
  if (tensor.dtype === 'int32') return { shape, dtype: 'int32', data: Int32Array.from(values) };
  throw new Error(
    `A tensor of type "${tensor.dtype}" cannot leave a program: cast the result to int32 or float32.`,
  );
}
