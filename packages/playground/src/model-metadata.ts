import type { FileHandle } from 'node:fs/promises';

/** Fields of ONNX's ModelProto and of the entries of its metadata (onnx.proto). */
const METADATA = 14;
const KEY = 1;
const VALUE = 2;
/** Bytes of the longest varint. */
const VARINT_BYTES = 10;
/** Kinds of protobuf values. */
const WIRE = { varint: 0, fixed64: 1, bytes: 2, fixed32: 5 } as const;

interface Field {
  readonly number: number;
  /** Where its bytes lie in the file. */
  readonly start: number;
  readonly end: number;
}

/**
 * The texts that an ONNX model says of itself, by their keys. Its graph and weights are passed over, so
 * that models of any size are read at once.
 * @throws Error when the file is no ONNX model.
 */
export async function readModelMetadata(handle: FileHandle): Promise<ReadonlyMap<string, string>> {
  const found = new Map<string, string>();
  const { size } = await handle.stat();
  for await (const entry of fieldsOf(handle, 0, size)) {
    if (entry.number !== METADATA) continue;
    const texts = new Map<number, string>();
    for await (const field of fieldsOf(handle, entry.start, entry.end)) {
      texts.set(field.number, (await bytesAt(handle, field.start, field.end)).toString());
    }
    found.set(texts.get(KEY) ?? '', texts.get(VALUE) ?? '');
  }
  return found;
}

async function* fieldsOf(handle: FileHandle, from: number, to: number): AsyncGenerator<Field> {
  let place = from;
  const varint = async (): Promise<number> => {
    const bytes = await bytesAt(handle, place, Math.min(to, place + VARINT_BYTES));
    let value = 0;
    for (const [i, byte] of bytes.entries()) {
      value += (byte & 0x7f) * 2 ** (7 * i);
      if (byte < 0x80) {
        place += i + 1;
        return value;
      }
    }
    throw new Error('A number of it has no end.');
  };
  while (place < to) {
    const tag = await varint();
    let start = place;
    switch (tag % 8) {
      case WIRE.varint:
        await varint();
        break;
      case WIRE.bytes: {
        const length = await varint();
        start = place;
        place += length;
        break;
      }
      case WIRE.fixed64:
        place += 8;
        break;
      case WIRE.fixed32:
        place += 4;
        break;
      default:
        throw new Error('A field of it is of no known kind.');
    }
    if (place > to) throw new Error('A field of it ends behind its end.');
    yield { number: Math.floor(tag / 8), start, end: place };
  }
}

async function bytesAt(handle: FileHandle, start: number, end: number): Promise<Buffer> {
  const { buffer, bytesRead } = await handle.read(Buffer.alloc(end - start), 0, end - start, start);
  return buffer.subarray(0, bytesRead);
}
