import type { ElementType } from '../element-types';
import {
  PickleGlobal,
  PickleTuple,
  TorchStorage,
  TorchTensor,
  type PickleValue,
} from './pickle-values';

/** More axes than PyTorch's operators take. */
const MAX_RANK = 64;

/** Storage classes by their Python names. */
const STORAGE_TYPES: ReadonlyMap<string, ElementType> = new Map<string, ElementType>([
  ['torch.DoubleStorage', 'F64'],
  ['torch.FloatStorage', 'F32'],
  ['torch.HalfStorage', 'F16'],
  ['torch.BFloat16Storage', 'BF16'],
  ['torch.LongStorage', 'I64'],
  ['torch.IntStorage', 'I32'],
  ['torch.ShortStorage', 'I16'],
  ['torch.CharStorage', 'I8'],
  ['torch.ByteStorage', 'U8'],
  ['torch.BoolStorage', 'BOOL'],
]);

/** What stands for a call, by the name of what is called. */
const CALLS: ReadonlyMap<string, (args: readonly PickleValue[]) => PickleValue> = new Map<
  string,
  (args: readonly PickleValue[]) => PickleValue
>([
  ['collections.OrderedDict', orderedDict],
  // Training scripts keep their command line beside the weights: attributes only, here a plain map.
  ['argparse.Namespace', namespace],
  ['torch._utils._rebuild_tensor_v2', rebuildTensor],
  ['torch._utils._rebuild_parameter', rebuildParameter],
]);

/** The named class or function, when it is one of those that state dicts need. */
export function allowedGlobal(module: string, name: string): PickleGlobal {
  const global = `${module}.${name}`;
  if (!CALLS.has(global) && !STORAGE_TYPES.has(global)) {
    throw new Error(
      `it names "${global}", which no state dict needs and which is therefore refused: ` +
        'save the state dict alone, torch.save(model.state_dict(), path), or use safetensors',
    );
  }
  return new PickleGlobal(global);
}

/** The value that a call has; nothing of Python is executed. */
export function call(callee: PickleValue, args: PickleValue): PickleValue {
  const meaning = callee instanceof PickleGlobal ? CALLS.get(callee.name) : undefined;
  if (!meaning || !(args instanceof PickleTuple)) {
    const what = callee instanceof PickleGlobal ? `"${callee.name}"` : 'something without a name';
    throw new Error(`it calls ${what}, which is refused`);
  }
  return meaning(args.items);
}

/** The storage of a persistent id: ('storage', class, key, location, number of elements). */
export function persistentStorage(id: PickleValue): TorchStorage {
  const [tag, type, key, , length] = id instanceof PickleTuple ? id.items : [];
  const element = type instanceof PickleGlobal ? STORAGE_TYPES.get(type.name) : undefined;
  if (tag !== 'storage' || !element || typeof key !== 'string' || !isCount(length)) {
    throw new Error('it refers to something outside that is no storage');
  }
  return new TorchStorage(key, element, length);
}

function orderedDict(args: readonly PickleValue[]): PickleValue {
  if (args.length > 0) throw new Error('it makes an OrderedDict in an unknown way');
  return new Map();
}

function namespace(args: readonly PickleValue[]): PickleValue {
  if (args.length > 0) throw new Error('it makes a Namespace in an unknown way');
  return new Map();
}

/** (storage, storage offset, size, stride, requires_grad, backward hooks[, metadata]) */
function rebuildTensor(args: readonly PickleValue[]): PickleValue {
  const [storage, offset, size, stride] = args;
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

/** (data, requires_grad, backward hooks) */
function rebuildParameter([data]: readonly PickleValue[]): PickleValue {
  if (!(data instanceof TorchTensor)) throw new Error('it has a parameter without a tensor');
  return data;
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
