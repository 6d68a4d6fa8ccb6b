/** Element types that compiled steps accept and return. */
export type Dtype = 'float32' | 'int32';

/** Shape and element type of one array. */
export interface TensorSpec {
  readonly shape: readonly number[];
  readonly dtype: Dtype;
}

/** An array in host memory, row-major. `data.length` is the product of `shape`. */
export type HostTensor =
  | { readonly shape: readonly number[]; readonly dtype: 'float32'; readonly data: Float32Array }
  | { readonly shape: readonly number[]; readonly dtype: 'int32'; readonly data: Int32Array };

/** Named arrays in host memory: weights, optimiser state, inputs and outputs of steps. */
export type HostTensors = Record<string, HostTensor>;

/** Named arrays that are read when they are needed: together they may not fit into memory again. */
export interface TensorSource {
  /** Shapes and types, by name. */
  readonly specs: Readonly<Record<string, TensorSpec>>;
  /** The named arrays; rejects on an unknown name. */
  read(names: readonly string[]): Promise<HostTensors>;
}

/** Arrays in memory as a source. */
export function tensorSource(values: Readonly<HostTensors>): TensorSource {
  return {
    specs: Object.fromEntries(
      Object.entries(values).map(([name, { shape, dtype }]) => [name, { shape, dtype }]),
    ),
    read: async (names) =>
      Object.fromEntries(
        names.map((name) => {
          const value = values[name];
          if (!value) throw new Error(`There is no array "${name}".`);
          return [name, value];
        }),
      ),
  };
}

/** Copies with buffers of their own, which may be handed to a worker. */
export function copyTensors(values: Readonly<HostTensors>): HostTensors {
  return Object.fromEntries(
    Object.entries(values).map(([name, value]) => [name, copyTensor(value)]),
  );
}

function copyTensor(value: HostTensor): HostTensor {
  const shape = [...value.shape];
  // The constructors (not slice) also leave a shared buffer behind.
  return value.dtype === 'float32'
    ? { shape, dtype: 'float32', data: new Float32Array(value.data) }
    : { shape, dtype: 'int32', data: new Int32Array(value.data) };
}

/** Number of elements of a shape (1 for a scalar). */
export function elementCount(shape: readonly number[]): number {
  return shape.reduce((product, size) => product * size, 1);
}

/** A float32 host array; throws `RangeError` when `data` does not fill `shape`. */
export function float32(shape: readonly number[], data: Float32Array): HostTensor {
  if (data.length !== elementCount(shape)) {
    throw new RangeError(`${data.length} values cannot fill shape [${shape.join(', ')}].`);
  }
  return { shape, dtype: 'float32', data };
}

/** An int32 host array; throws `RangeError` when `data` does not fill `shape`. */
export function int32(shape: readonly number[], data: Int32Array): HostTensor {
  if (data.length !== elementCount(shape)) {
    throw new RangeError(`${data.length} values cannot fill shape [${shape.join(', ')}].`);
  }
  return { shape, dtype: 'int32', data };
}

/** A float32 scalar. */
export function scalar(value: number): HostTensor {
  return float32([], Float32Array.of(value));
}
