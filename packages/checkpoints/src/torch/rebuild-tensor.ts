import { elementSize } from '../element-types';
import {
  PickleGlobal,
  PickleTuple,
  TorchStorage,
  TorchTensor,
  UnreadableTensor,
  type PickleValue,
} from './pickle-values';
import { dtypeName, elementTypeOf, storageDtype, UNTYPED_STORAGE } from './torch-types';

/** More axes than PyTorch's operators take. */
const MAX_RANK = 64;

/** The storage of a persistent id: ('storage', class, key, location, number of elements). */
export function persistentStorage(id: PickleValue): TorchStorage | UnreadableTensor {
  const [tag, type, key, , length] = id instanceof PickleTuple ? id.items : [];
  const name = type instanceof PickleGlobal ? type.name : '';
  const dtype = name === UNTYPED_STORAGE ? 'uint8' : storageDtype(name);
  if (tag !== 'storage' || dtype === undefined || typeof key !== 'string' || !isCount(length)) {
    throw new Error('it refers to something outside that is no storage');
  }
  const element = elementTypeOf(dtype);
  return element ? new TorchStorage(key, element, length) : new UnreadableTensor(dtype);
}

/** (storage, storage offset, size, stride, requires_grad, backward hooks[, metadata]) */
export function rebuildTensor(args: readonly PickleValue[]): PickleValue {
  const [storage, offset, size, stride] = args;
  if (storage instanceof UnreadableTensor) return storage;
  const shape = counts(size);
  const strides = counts(stride);
  if (
    !(storage instanceof TorchStorage) ||
    !isCount(offset) ||
    !shape ||
    !strides ||
    shape.length !== strides.length
  ) {
    throw new Error('it describes a tensor in an unknown way');
  }
  return new TorchTensor(storage, offset, shape, strides);
}

/** The same with an untyped storage, and the type after the backward hooks. */
export function rebuildTypedTensor(args: readonly PickleValue[]): PickleValue {
  const [bytes, , , , , , type] = args;
  const dtype = type instanceof PickleGlobal ? dtypeName(type.name) : undefined;
  if (!(bytes instanceof TorchStorage) || bytes.type !== 'U8' || dtype === undefined) {
    throw new Error('it describes a tensor in an unknown way');
  }
  const element = elementTypeOf(dtype);
  if (!element) return new UnreadableTensor(dtype);
  const storage = new TorchStorage(bytes.key, element, bytes.length / elementSize(element));
  return rebuildTensor([storage, ...args.slice(1, 4)]);
}

/** (data, requires_grad, backward hooks[, attributes]); the attributes are dropped. */
export function rebuildParameter([data]: readonly PickleValue[]): PickleValue {
  if (data instanceof TorchTensor || data instanceof UnreadableTensor) return data;
  throw new Error('it has a parameter without a tensor');
}

function counts(value: PickleValue | undefined): readonly number[] | undefined {
  // The rank is looked at first: many tensors may share one tuple of millions of numbers.
  return value instanceof PickleTuple &&
    value.items.length <= MAX_RANK &&
    value.items.every(isCount)
    ? value.items
    : undefined;
}

function isCount(value: PickleValue | undefined): value is number {
  return typeof value === 'number' && Number.isSafeInteger(value) && value >= 0;
}
