/** Parts of pickles, as bytes, with nothing that checks whether they make sense. */

/** Opcodes in latin-1 and arguments. */
export function op(...parts: readonly (string | Buffer)[]): Buffer {
  return Buffer.concat(
    parts.map((part) => (typeof part === 'string' ? Buffer.from(part, 'latin1') : part)),
  );
}

export function uint32(value: number): Buffer {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32LE(value >>> 0);
  return bytes;
}

/** BINUNICODE; `length` is what it states. */
export function text(value: string, length = Buffer.byteLength(value)): Buffer {
  return op('X', uint32(length), Buffer.from(value));
}

/** BININT, or LONG1 where that is too small. */
export function int(value: number): Buffer {
  if (Number.isInteger(value) && Math.abs(value) < 2 ** 31) {
    const bytes = Buffer.alloc(4);
    bytes.writeInt32LE(value);
    return op('J', bytes);
  }
  const bytes = Buffer.alloc(8);
  bytes.writeBigInt64LE(BigInt(value));
  return op('\x8a\x08', bytes);
}

export const tuple = (...items: readonly Buffer[]): Buffer => op('(', ...items, 't');
export const list = (...items: readonly Buffer[]): Buffer => op('](', ...items, 'e');

export function dict(entries: readonly (readonly [key: Buffer, value: Buffer])[]): Buffer {
  return op('}(', ...entries.flat(), 'u');
}

export function global(module: string, name: string): Buffer {
  return op(`c${module}\n${name}\n`);
}

export function storage(type: string, key: Buffer, length: Buffer): Buffer {
  return op(tuple(text('storage'), global('torch', type), key, text('cpu'), length), 'Q');
}

export function tensor(of: Buffer, offset: Buffer, shape: Buffer, strides: Buffer): Buffer {
  const hooks = op('ccollections\nOrderedDict\n)R');
  return op(
    global('torch._utils', '_rebuild_tensor_v2'),
    tuple(of, offset, shape, strides, op('\x89'), hooks),
    'R',
  );
}
