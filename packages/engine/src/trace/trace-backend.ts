import * as tf from '@tensorflow/tfjs';
import type { GraphBuilder } from '../ir/graph-builder';
import type { ConstantData, Value, ValueDtype } from '../ir/types';

/** Name under which the recording backend is registered with tfjs. */
export const TRACE_BACKEND = 'ar-distill-trace';

/** Handle of a traced tensor; the value itself lives in the graph. */
class TraceHandle {
  constructor(
    readonly value: Value,
    readonly graph: GraphBuilder,
  ) {}
}

/** A tfjs backend that computes nothing: its kernels append nodes to a graph. */
export class TraceBackend extends tf.KernelBackend {
  private builder: GraphBuilder | undefined;
  private readonly references = new WeakMap<object, number>();

  /** Records into `builder` until the next call; undefined ends recording. */
  record(builder: GraphBuilder | undefined): void {
    this.builder = builder;
  }

  get graph(): GraphBuilder {
    if (!this.builder) {
      throw new Error('A traced tensor was used outside of the function that it belongs to.');
    }
    return this.builder;
  }

  /** The graph's value behind a tensor; eager tensors of other backends become constants. */
  graphValue(info: tf.TensorInfo): Value {
    if (info.dataId instanceof TraceHandle) {
      if (info.dataId.graph === this.graph) return info.dataId.value;
      throw new Error(
        'A tensor made while another program was traced cannot be used: compute it anew in every ' +
          'program, or keep its values outside of tensors.',
      );
    }
    // Read through the engine: asking a backend for foreign data would move (steal) it.
    const data = tf.engine().readSync(info.dataId);
    return this.graph.constant(copy(data, info.dtype), {
      shape: info.shape,
      dtype: valueDtype(info.dtype),
    });
  }

  /** What a kernel returns to tfjs. */
  tensorInfo(value: Value): tf.TensorInfo {
    const dataId = new TraceHandle(value, this.graph);
    this.references.set(dataId, 1);
    return { dataId, shape: [...value.shape], dtype: value.dtype };
  }

  override write(values: tf.BackendValues, shape: number[], dtype: tf.DataType): object {
    const type = { shape, dtype: valueDtype(dtype) };
    const dataId = new TraceHandle(this.graph.constant(copy(values, dtype), type), this.graph);
    this.references.set(dataId, 1);
    return dataId;
  }

  override read(dataId: object): Promise<tf.BackendValues> {
    return Promise.reject(unreadable(dataId));
  }

  override readSync(dataId: object): tf.BackendValues {
    throw unreadable(dataId);
  }

  override move(): void {
    throw new Error('Traced tensors cannot be moved between backends.');
  }

  override numDataIds(): number {
    return 0;
  }

  override disposeData(): boolean {
    return true;
  }

  override refCount(dataId: object): number {
    return this.references.get(dataId) ?? 0;
  }

  override incRef(dataId: object): void {
    this.references.set(dataId, this.refCount(dataId) + 1);
  }

  override timerAvailable(): boolean {
    return false;
  }

  override floatPrecision(): 32 {
    return 32;
  }

  override epsilon(): number {
    return 1e-7;
  }

  override dispose(): void {
    this.builder = undefined;
  }
}

/** The type of a tfjs tensor; throws for strings and complex numbers. */
export function valueDtype(dtype: tf.DataType): ValueDtype {
  if (dtype === 'float32' || dtype === 'int32' || dtype === 'bool') return dtype;
  throw new Error(`Tensors of type "${dtype}" cannot be compiled: use float32, int32 or bool.`);
}

function copy(values: tf.BackendValues, dtype: tf.DataType): ConstantData {
  const numbers = Array.from(values as ArrayLike<number>);
  switch (valueDtype(dtype)) {
    case 'float32':
      return Float32Array.from(numbers);
    case 'int32':
      return Int32Array.from(numbers);
    case 'bool':
      return Uint8Array.from(numbers);
  }
}

function unreadable(dataId: object): Error {
  const origin = dataId instanceof TraceHandle ? dataId.value.origin : undefined;
  const source =
    origin?.kind === 'node'
      ? `the result of "${origin.node.kernel}"`
      : origin && 'key' in origin
        ? `the ${origin.kind} "${origin.key}"`
        : 'a constant';
  return new Error(
    `Compiled code cannot look at values: dataSync(), data() or array() was called on ${source}. ` +
      'Keep the computation in tensors, or pass what is needed as an input.',
  );
}
