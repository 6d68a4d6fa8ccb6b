import {
  elementCount,
  float32,
  type HostTensors,
  type HostTensor,
  int32,
} from '@ar-distill/program';

/** Figures of a call by the metric's name, from its values of every update and micro-batch. */
export type Combined = Readonly<Record<string, (values: HostTensor) => number>>;

/** Joins equally shaped arrays along a new leading axis. */
export function stack(batches: readonly Readonly<HostTensors>[]): HostTensors {
  return Object.fromEntries(
    Object.entries(batches[0]!).map(([name, { shape, dtype }]) => {
      const size = elementCount(shape);
      const data =
        dtype === 'float32'
          ? new Float32Array(size * batches.length)
          : new Int32Array(size * batches.length);
      batches.forEach((batch, i) => data.set(batch[name]!.data, i * size));
      const stacked = [batches.length, ...shape];
      return [name, data instanceof Float32Array ? float32(stacked, data) : int32(stacked, data)];
    }),
  );
}

/** One number per output: what `combine` makes of it, else the mean of its elements. */
export function combined(
  outputs: Readonly<HostTensors>,
  combine: Combined = {},
): Record<string, number> {
  return Object.fromEntries(
    Object.entries(outputs).map(([name, value]) => [name, (combine[name] ?? mean)(value)]),
  );
}

function mean({ data }: HostTensor): number {
  let sum = 0;
  for (const value of data) sum += value;
  return sum / data.length;
}
