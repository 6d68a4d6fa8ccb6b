/** Storage classes of PyTorch by the element types that the tool writes. */
export const STORAGE_CLASSES = {
  F32: 'FloatStorage',
  F16: 'HalfStorage',
  BF16: 'BFloat16Storage',
  I64: 'LongStorage',
} as const;

export type StoredType = keyof typeof STORAGE_CLASSES;

/** A contiguous tensor that is the whole of the storage `key`. */
export class PickledTensor {
  constructor(
    readonly key: string,
    readonly type: StoredType,
    readonly shape: readonly number[],
  ) {}
}

/** What `argparse.Namespace` holds, or `collections.OrderedDict` with the attribute `_metadata`. */
export class PickledNamespace {
  constructor(readonly attributes: Readonly<Record<string, Pickled>>) {}
}
export class PickledOrderedDict {
  constructor(readonly entries: Readonly<Record<string, Pickled>>) {}
}

export type Pickled =
  | null
  | number
  | string
  | readonly Pickled[]
  | { readonly [key: string]: Pickled }
  | PickledTensor
  | PickledNamespace
  | PickledOrderedDict;

/** The pickle (protocol 2) that `torch.save` would write for a value. */
export function pickle(value: Pickled): Buffer {
  return Buffer.concat([code('\x80\x02'), ...encode(value), code('.')]);
}

const code = (text: string): Buffer => Buffer.from(text, 'latin1');

const uint32 = (value: number): Buffer => {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32LE(value);
  return bytes;
};

function encode(value: Pickled): Buffer[] {
  if (value === null) return [code('N')];
  if (typeof value === 'number') return [number(value)];
  if (typeof value === 'string') return [text(value)];
  if (value instanceof PickledTensor) return tensor(value);
  if (value instanceof PickledNamespace) {
    return [code('cargparse\nNamespace\n)\x81'), ...encode(value.attributes), code('b')];
  }
  if (value instanceof PickledOrderedDict) {
    const metadata = encode({ _metadata: {} });
    return [code('ccollections\nOrderedDict\n)R'), ...items(value.entries), ...metadata, code('b')];
  }
  if (isList(value)) return [code(']('), ...value.flatMap(encode), code('e')];
  return [code('}'), ...items(value)];
}

function isList(value: Pickled): value is readonly Pickled[] {
  return Array.isArray(value);
}

function items(entries: Readonly<Record<string, Pickled>>): Buffer[] {
  const pairs = Object.entries(entries).flatMap(([key, value]) => [text(key), ...encode(value)]);
  return [code('('), ...pairs, code('u')];
}

function text(value: string): Buffer {
  const bytes = Buffer.from(value);
  return Buffer.concat([code('X'), uint32(bytes.length), bytes]);
}

function number(value: number): Buffer {
  if (Number.isInteger(value) && Math.abs(value) < 2 ** 31) {
    const bytes = Buffer.alloc(5, 'J');
    bytes.writeInt32LE(value, 1);
    return bytes;
  }
  const bytes = Buffer.alloc(Number.isInteger(value) ? 10 : 9);
  if (Number.isInteger(value)) {
    bytes.write('\x8a\x08', 'latin1');
    bytes.writeBigInt64LE(BigInt(value), 2);
  } else {
    bytes.write('G', 'latin1');
    bytes.writeDoubleBE(value, 1);
  }
  return bytes;
}

const tuple = (values: readonly Buffer[]): Buffer[] => [code('('), ...values, code('t')];

/** `torch._utils._rebuild_tensor_v2(storage, 0, shape, strides, False, OrderedDict())`. */
function tensor({ key, type, shape }: PickledTensor): Buffer[] {
  const count = shape.reduce((product, size) => product * size, 1);
  const strides = shape.map((_, axis) =>
    shape.slice(axis + 1).reduce((product, size) => product * size, 1),
  );
  const storage = tuple([
    text('storage'),
    code(`ctorch\n${STORAGE_CLASSES[type]}\n`),
    text(key),
    text('cpu'),
    number(count),
  ]);
  const fields = [
    ...storage,
    code('Q'),
    number(0),
    ...tuple(shape.map(number)),
    ...tuple(strides.map(number)),
    code('\x89ccollections\nOrderedDict\n)R'),
  ];
  return [code('ctorch._utils\n_rebuild_tensor_v2\n'), ...tuple(fields), code('R')];
}
