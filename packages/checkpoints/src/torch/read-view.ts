import { elementCount } from '@ar-distill/program';
import { elementSize } from '../element-types';
import { allocateBytes } from '../files/allocate';
import type { TorchStorage, TorchTensor } from './pickle-values';
import {
  copyView,
  isContiguous,
  lastElement,
  type RawElements,
  rowMajorStrides,
  type View,
} from './strided-view';
import type { TorchArchive } from './torch-archive';

/** A part of a storage that is held in memory at a time while a scattered view is gathered. */
const MAX_SPAN_BYTES = 64 * 2 ** 20;

/**
 * The bytes of a tensor, row-major, in pieces. A contiguous tensor is read straight from its range; any
 * other one is gathered into one piece of its own size.
 */
export async function* readViewPieces(
  archive: TorchArchive,
  tensor: TorchTensor,
): AsyncGenerator<Uint8Array> {
  const { storage, offset, shape } = tensor;
  const count = elementCount(shape);
  if (count === 0) return;
  const size = elementSize(storage.type);
  if (isContiguous(tensor)) {
    yield* archive.readRange(storage.key, size * offset, size * count);
    return;
  }
  const target = new Uint8Array(size * count);
  await gather(archive, storage, tensor, { offset: 0, strides: rowMajorStrides(shape) }, target);
  yield target;
}

/** All bytes of a tensor, at the start of their own buffer. */
export async function readView(archive: TorchArchive, tensor: TorchTensor): Promise<Uint8Array> {
  const bytes = allocateBytes(elementSize(tensor.storage.type) * elementCount(tensor.shape));
  let done = 0;
  for await (const piece of readViewPieces(archive, tensor)) {
    bytes.set(piece, done);
    done += piece.length;
  }
  return bytes;
}

/** Copies a view, whose part of the storage is halved along its longest axis until it is small. */
async function gather(
  archive: TorchArchive,
  storage: TorchStorage,
  view: View,
  to: Pick<View, 'offset' | 'strides'>,
  target: Uint8Array,
): Promise<void> {
  const size = elementSize(storage.type);
  const span = lastElement(view) - view.offset + 1;
  const axis = longestAxis(view);
  if (size * span <= MAX_SPAN_BYTES || view.shape[axis]! < 2) {
    const bytes = await archive.readRangeFully(storage.key, size * view.offset, size * span);
    copyView({ ...view, offset: 0 }, rawElements(bytes, size), to, rawElements(target, size));
    return;
  }
  const half = view.shape[axis]! >> 1;
  for (const [start, length] of [
    [0, half],
    [half, view.shape[axis]! - half],
  ] as const) {
    await gather(
      archive,
      storage,
      {
        offset: view.offset + start * view.strides[axis]!,
        shape: view.shape.with(axis, length),
        strides: view.strides,
      },
      { offset: to.offset + start * to.strides[axis]!, strides: to.strides },
      target,
    );
  }
}

/** The axis along which the view reaches farthest into its storage. */
function longestAxis({ shape, strides }: View): number {
  const reach = shape.map((size, axis) => (size - 1) * strides[axis]!);
  return reach.indexOf(Math.max(...reach));
}

function rawElements(bytes: Uint8Array, size: number): RawElements {
  const { buffer, byteOffset, byteLength } = bytes;
  if (size === 8) return new BigUint64Array(buffer, byteOffset, byteLength / 8);
  if (size === 4) return new Uint32Array(buffer, byteOffset, byteLength / 4);
  return size === 2 ? new Uint16Array(buffer, byteOffset, byteLength / 2) : bytes;
}
