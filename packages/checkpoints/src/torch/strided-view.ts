import { elementCount } from '@ar-distill/program';
import type { TorchTensor } from './pickle-values';

/** A tensor that repeats elements (stride 0, as `expand` makes) may have this many. */
const MAX_EXPANDED_ELEMENTS = 2 ** 24;

/** Where a view lies in its storage: elements `offset` + Σ index_k · strides_k. */
export type View = Pick<TorchTensor, 'offset' | 'shape' | 'strides'>;

/**
 * Checks that a view stays inside its storage.
 * @throws Error with half a sentence about the tensor.
 */
export function checkView({ storage, ...view }: TorchTensor): void {
  const count = elementCount(view.shape);
  if (count === 0) return;
  const last = lastElement(view);
  if (!(last < storage.length)) {
    throw new Error(`reaches element ${last} of a storage that has ${storage.length}`);
  }
  if (count > Math.max(storage.length, MAX_EXPANDED_ELEMENTS)) {
    throw new Error(`repeats ${storage.length} stored elements to ${count}`);
  }
}

/** Index in the storage of the last element of a view that is not empty. */
export function lastElement({ offset, shape, strides }: View): number {
  return shape.reduce((index, size, axis) => index + (size - 1) * strides[axis]!, offset);
}

/** True when the elements follow each other row-major, without gaps. */
export function isContiguous({ shape, strides }: View): boolean {
  let expected = 1;
  for (let axis = shape.length - 1; axis >= 0; axis--) {
    if (shape[axis] !== 1 && strides[axis] !== expected) return false;
    expected *= shape[axis]!;
  }
  return true;
}

/** Elements of any type by their bits. */
export type RawElements = Uint8Array | Uint16Array | Uint32Array | BigUint64Array;

/**
 * Copies the elements of a view from one strided place to another: element (i_1 … i_r) from
 * `source[offset + Σ i_k · strides_k]` to `target[to.offset + Σ i_k · to.strides_k]`.
 */
export function copyView<T extends RawElements>(
  { offset, shape, strides }: View,
  source: T,
  to: Pick<View, 'offset' | 'strides'>,
  target: T,
): void {
  const count = elementCount(shape);
  // Counts through the indices like an odometer; the places follow with one addition per step.
  const index = new Array<number>(shape.length).fill(0);
  let from = offset;
  let into = to.offset;
  for (let i = 0; i < count; i++) {
    target[into] = source[from]!;
    for (let axis = shape.length - 1; axis >= 0; axis--) {
      from += strides[axis]!;
      into += to.strides[axis]!;
      if (++index[axis]! < shape[axis]!) break;
      from -= shape[axis]! * strides[axis]!;
      into -= shape[axis]! * to.strides[axis]!;
      index[axis] = 0;
    }
  }
}

/** The strides of an array whose elements follow each other row-major. */
export function rowMajorStrides(shape: readonly number[]): readonly number[] {
  return shape.map((_, axis) => elementCount(shape.slice(axis + 1)));
}
