import path from 'node:path';
import { Readable } from 'node:stream';
import { atomicWriteFile, float32ToFloat16 } from '@ar-distill/checkpoints';
import { ZipFile } from 'yazl';
import type { OfficialTensor, StateDict } from './official-tensor';
import { pickle, PickledOrderedDict, PickledTensor, type Pickled, type StoredType } from './pickle';
import { RandomValues } from './random-values';

/** Elements that are made at a time: what bounds the memory of the tool. */
const CHUNK = 2 ** 20;
const BYTES: Readonly<Record<StoredType, number>> = { F32: 4, F16: 2, BF16: 2, I64: 8 };
/** Zip archives state the time of their entries; a fixed one makes equal files for equal seeds. */
const TIME = new Date(2024, 0, 1);

/** Element type of everything but integer buffers. */
export type FloatType = Exclude<StoredType, 'I64'>;

/** What is written: state dicts that are filled at random, in whatever they are wrapped in. */
export interface TorchFile {
  readonly type: FloatType;
  readonly seed: number;
  /** State dicts by name; `wrap` puts them in place. */
  readonly stateDicts: Readonly<Record<string, StateDict>>;
  wrap(stateDicts: Readonly<Record<string, PickledOrderedDict>>): Pickled;
}

/**
 * Writes a checkpoint as `torch.save` does: a zip archive of stored entries with a pickle and one
 * entry per tensor. The tensors are made and written piece by piece.
 */
export async function writeTorchFile(file: string, contents: TorchFile): Promise<void> {
  const { type, seed, stateDicts, wrap } = contents;
  const zip = new ZipFile();
  const root = path.parse(file).name;
  const options = { compress: false, mtime: TIME, mode: 0o100644 };
  const storages: [tensor: OfficialTensor, stored: StoredType][] = [];
  const pickled = Object.entries(stateDicts).map(([name, dict]) => {
    const entries = dict.map((tensor): [string, Pickled] => {
      const stored = tensor.type ?? type;
      storages.push([tensor, stored]);
      return [tensor.name, new PickledTensor(String(storages.length - 1), stored, tensor.shape)];
    });
    return [name, new PickledOrderedDict(Object.fromEntries(entries))] as const;
  });
  zip.addBuffer(pickle(wrap(Object.fromEntries(pickled))), `${root}/data.pkl`, options);
  for (const [key, [tensor, stored]] of storages.entries()) {
    const size = elements(tensor) * BYTES[stored];
    zip.addReadStreamLazy(`${root}/data/${key}`, { ...options, size }, (done) =>
      done(null, Readable.from(pieces(tensor, stored, seed + key), { highWaterMark: 1 })),
    );
  }
  zip.addBuffer(Buffer.from('3\n'), `${root}/version`, options);
  zip.end();
  // The archive is a stream of buffers, whose elements the types of `yazl` leave open.
  await atomicWriteFile(file, zip.outputStream as AsyncIterable<Buffer>);
}

function elements({ shape }: OfficialTensor): number {
  return shape.reduce((product, size) => product * size, 1);
}

function* pieces(tensor: OfficialTensor, type: StoredType, seed: number): Generator<Buffer> {
  const random = new RandomValues(seed);
  const count = elements(tensor);
  for (let start = 0; start < count; start += CHUNK) {
    const values = new Float32Array(Math.min(CHUNK, count - start));
    random.fill(tensor, values, start);
    const { buffer, byteOffset, byteLength } = store(values, type);
    yield Buffer.from(buffer, byteOffset, byteLength);
  }
}

function store(values: Float32Array, type: StoredType): ArrayBufferView {
  switch (type) {
    case 'F32':
      return values;
    case 'F16':
      return float32ToFloat16(values);
    case 'BF16':
      return bfloat16(values);
    case 'I64':
      return BigInt64Array.from(values, BigInt);
  }
}

/** The upper halves of the float32 bit patterns, rounded to nearest, ties to even. */
function bfloat16(values: Float32Array): Uint16Array {
  const bits = new Uint32Array(values.buffer, values.byteOffset, values.length);
  const halves = new Uint16Array(bits.length);
  // `Uint16Array.from` with a function is twenty times slower.
  for (let i = 0; i < bits.length; i++) {
    halves[i] = (bits[i]! + 0x7fff + ((bits[i]! >>> 16) & 1)) >>> 16;
  }
  return halves;
}
