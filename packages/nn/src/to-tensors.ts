import type { HostTensors } from '@ar-distill/program';
import * as tf from '@tensorflow/tfjs';
import type { Parameters } from './parameters';

/** Host arrays as tensors of the current backend. */
export function toTensors(values: Readonly<HostTensors>): Parameters {
  return Object.fromEntries(
    Object.entries(values).map(([name, { data, shape, dtype }]) => [
      name,
      tf.tensor(data, [...shape], dtype),
    ]),
  );
}
