import { elementCount } from '@ar-distill/nn';
import type { TorchTensor } from './pickle-values';

/** A tensor that repeats elements (stride 0, as `expand` makes) may have this many. */
const MAX_EXPANDED_ELEMENTS = 2 ** 24;

/**
 * Checks that a view stays inside its storage.
 * @throws Error with half a sentence about the tensor.
 */
export function checkView({ storage, offset, shape, strides }: TorchTensor): void {
  const count = elementCount(shape);
  if (count === 0) return;
  const last = shape.reduce((index, size, axis) => index + (size - 1) * strides[axis]!, offset);
  if (!(last < storage.length)) {
    throw new Error(`reaches element ${last} of a storage that has ${storage.length}`);
  }
  if (count > Math.max(storage.length, MAX_EXPANDED_ELEMENTS)) {
    throw new Error(`repeats ${storage.length} stored elements to ${count}`);
  }
}

/** True when the elements follow each other row-major, without gaps. */
export function isContiguous({ shape, strides }: TorchTensor): boolean {
  let expected = 1;
  for (let axis = shape.length - 1; axis >= 0; axis--) {
    if (shape[axis] !== 1 && strides[axis] !== expected) return false;
    expected *= shape[axis]!;
  }
  return true;
}

/** The elements of a view in row-major order, copied out of those of its storage. */
export function gatherView<T extends Float32Array | Int32Array>(
  tensor: TorchTensor,
  elements: T,
  target: T,
): T {
  const { offset, shape, strides } = tensor;
  if (target.length === 0) return target;
  if (isContiguous(tensor)) {
    target.set(elements.subarray(offset, offset + target.length));
    return target;
  }
  // Counts through the indices like an odometer; `source` follows with one addition per step.
  const index = new Array<number>(shape.length).fill(0);
  let source = offset;
  for (let i = 0; i < target.length; i++) {
    target[i] = elements[source]!;
    for (let axis = shape.length - 1; axis >= 0; axis--) {
      source += strides[axis]!;
      if (++index[axis]! < shape[axis]!) break;
      source -= shape[axis]! * strides[axis]!;
      index[axis] = 0;
    }
  }
  return target;
}
