import { elementCount, type HostTensor, type HostTensors } from './tensors';

/** Views of the values at place `index` of the leading axis. */
export function sliceIteration(values: Readonly<HostTensors>, index: number): HostTensors {
  return Object.fromEntries(
    Object.entries(values).map(([name, value]): [string, HostTensor] => {
      const shape = value.shape.slice(1);
      const size = elementCount(shape);
      const [begin, end] = [index * size, (index + 1) * size];
      return [
        name,
        value.dtype === 'float32'
          ? { shape, dtype: 'float32', data: value.data.subarray(begin, end) }
          : { shape, dtype: 'int32', data: value.data.subarray(begin, end) },
      ];
    }),
  );
}

/** Joins the equally shaped results of several steps along a new leading axis. */
export function stackIterations(steps: readonly HostTensors[]): HostTensors {
  return Object.fromEntries(
    Object.entries(steps[0] ?? {}).map(([name, first]): [string, HostTensor] => {
      const shape = [steps.length, ...first.shape];
      const size = first.data.length;
      const fill = <A extends Float32Array | Int32Array>(data: A): A => {
        steps.forEach((step, i) => data.set(step[name]?.data ?? [], i * size));
        return data;
      };
      return [
        name,
        first.dtype === 'float32'
          ? { shape, dtype: 'float32', data: fill(new Float32Array(steps.length * size)) }
          : { shape, dtype: 'int32', data: fill(new Int32Array(steps.length * size)) },
      ];
    }),
  );
}
