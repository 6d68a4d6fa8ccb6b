import {
  PickleGlobal,
  PickleTuple,
  SkippedObject,
  UnreadableTensor,
  type PickleValue,
} from './pickle-values';
import { rebuildParameter, rebuildTensor, rebuildTypedTensor } from './rebuild-tensor';
import { dtypeName, storageDtype, UNTYPED_STORAGE } from './torch-types';

type Meaning = (args: readonly PickleValue[]) => PickleValue;

/** Python 2 and protocol 2 have the built-in names in another module. */
const builtin = (name: string): string[] => [`builtins.${name}`, `__builtin__.${name}`];
/** The same of NumPy before version 2. */
const numpy = (name: string): string[] => [`numpy._core.${name}`, `numpy.core.${name}`];

/** What stands beside weights and is skipped when it is called: its arguments are dropped. */
const SKIPPED: readonly string[] = [
  '_codecs.encode',
  ...builtin('bytes'),
  ...builtin('bytearray'),
  ...builtin('complex'),
  'torch.device',
  'torch.serialization._get_layout',
  'numpy.dtype',
  ...numpy('multiarray.scalar'),
  ...numpy('multiarray._reconstruct'),
  ...numpy('numeric._frombuffer'),
  ...builtin('range'),
  '__builtin__.xrange',
  ...builtin('slice'),
  'decimal.Decimal',
  'fractions.Fraction',
  'uuid.UUID',
  'datetime.date',
  'datetime.datetime',
  'datetime.timedelta',
  'datetime.timezone',
  'pathlib.PosixPath',
  'pathlib.PurePosixPath',
  'pathlib.WindowsPath',
  'pathlib.PureWindowsPath',
];

/** Names that others get as arguments and that mean nothing here. */
const INERT = new Set([
  ...['int', 'float', 'str', 'bool', 'list', 'dict', 'tuple'].flatMap(builtin),
  'numpy.ndarray',
  UNTYPED_STORAGE,
]);

/** Of a module and a class; one long text could be put together again and again. */
const MAX_NAME_LENGTH = 1024;

/** Tensors that are no plain views of a storage, by what they are. */
const UNREADABLE: ReadonlyMap<string, string> = new Map([
  ['torch._utils._rebuild_qtensor', 'quantized'],
  ['torch._utils._rebuild_sparse_tensor', 'sparse'],
  ['torch._utils._rebuild_sparse_csr_tensor', 'sparse'],
  ['torch._utils._rebuild_nested_tensor', 'nested'],
  ['torch._utils._rebuild_meta_tensor_no_storage', 'meta'],
]);

/** What stands for a call, by the name of what is called. */
const CALLS: ReadonlyMap<string, Meaning> = new Map<string, Meaning>([
  ['collections.OrderedDict', withoutArguments('an OrderedDict')],
  // Training scripts keep their command line beside the weights: attributes only, here a plain map.
  ['argparse.Namespace', withoutArguments('a Namespace')],
  ['collections.defaultdict', () => new Map()],
  ['collections.Counter', ([counts]) => (counts instanceof Map ? counts : new Map())],
  ['collections.deque', () => []],
  ...[...builtin('set'), ...builtin('frozenset')].map((name): [string, Meaning] => [name, listOf]),
  ['torch.Size', ([sizes]) => new PickleTuple(listOf(sizes === undefined ? [] : [sizes]))],
  ...SKIPPED.map((name): [string, Meaning] => [name, () => new SkippedObject(name)]),
  ...[...UNREADABLE].map(([name, type]): [string, Meaning] => [
    name,
    () => new UnreadableTensor(type),
  ]),
  ['torch._utils._rebuild_tensor_v2', rebuildTensor],
  ['torch._utils._rebuild_tensor_v3', rebuildTypedTensor],
  ['torch._utils._rebuild_parameter', rebuildParameter],
  ['torch._utils._rebuild_parameter_with_state', rebuildParameter],
]);

/** The named class or function, when it is one of those that state dicts need or that do no harm. */
export function allowedGlobal(module: string, name: string): PickleGlobal {
  const length = module.length + name.length;
  if (length > MAX_NAME_LENGTH) {
    throw new Error(
      `it names a class by ${length} characters, which no state dict needs: save the state dict alone`,
    );
  }
  const global = `${module}.${name}`;
  const isKnown =
    CALLS.has(global) ||
    INERT.has(global) ||
    storageDtype(global) !== undefined ||
    dtypeName(global) !== undefined ||
    /^numpy\.dtypes\.\w+DType$/.test(global);
  if (!isKnown) {
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

function withoutArguments(what: string): Meaning {
  return (args) => {
    if (args.length > 0) throw new Error(`it makes ${what} in an unknown way`);
    return new Map();
  };
}

/** The items of the only argument, a list or a tuple. */
function listOf([items]: readonly PickleValue[]): PickleValue[] {
  if (items instanceof PickleTuple) return [...items.items];
  return Array.isArray(items) ? items : [];
}
