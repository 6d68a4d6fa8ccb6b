/** An array of an .npy file. */
export interface NpyArray {
  readonly shape: readonly number[];
  readonly data: Uint8Array | Int32Array | Float32Array;
}

const MAGIC = [0x93, 0x4e, 0x55, 0x4d, 0x50, 0x59];
/** numpy aligns the data of a file on this many bytes. */
const ALIGNMENT = 64;

/** Bytes of an .npy file, format 1.0 (numpy.lib.format): little-endian, C order. */
export function encodeNpy({ shape, data }: NpyArray): Uint8Array {
  if (shape.reduce((product, length) => product * length, 1) !== data.length) {
    throw new RangeError(`${data.length} values cannot fill shape [${shape.join(', ')}].`);
  }
  const type = data instanceof Uint8Array ? '|u1' : data instanceof Int32Array ? '<i4' : '<f4';
  const dimensions = `(${shape.join(', ')}${shape.length === 1 ? ',' : ''})`;
  const text = `{'descr': '${type}', 'fortran_order': False, 'shape': ${dimensions}, }`;
  const preamble = MAGIC.length + 4;
  const length = Math.ceil((preamble + text.length + 1) / ALIGNMENT) * ALIGNMENT - preamble;
  const header = `${text.padEnd(length - 1)}\n`;
  const bytes = new Uint8Array(preamble + length + data.byteLength);
  bytes.set([...MAGIC, 1, 0, length & 0xff, length >> 8]);
  bytes.set(new TextEncoder().encode(header), preamble);
  bytes.set(new Uint8Array(data.buffer, data.byteOffset, data.byteLength), preamble + length);
  return bytes;
}

/**
 * Reads an .npy file of type uint8, int32, int64 (as int32), float32 or float64 (as float32), in C
 * order. `name` is shown in errors.
 * @throws Error when it is another file, or damaged, or has another type.
 */
export function decodeNpy(bytes: Uint8Array, name: string): NpyArray {
  if (bytes.length < 12 || MAGIC.some((byte, i) => bytes[i] !== byte)) {
    throw new Error(`${name} is not a numpy array.`);
  }
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const [start, length] =
    bytes[6] === 1 ? [10, view.getUint16(8, true)] : [12, view.getUint32(8, true)];
  const header = new TextDecoder('latin1').decode(bytes.subarray(start, start + length));
  const type = /'descr':\s*'([^']+)'/.exec(header)?.[1];
  const dimensions = /'shape':\s*\(([\d,\s]*)\)/.exec(header)?.[1];
  if (type === undefined || dimensions === undefined) {
    throw new Error(`The header of ${name} cannot be read: save it again with numpy.`);
  }
  if (!/'fortran_order':\s*False/.test(header)) {
    throw new Error(`${name} is in Fortran order: save numpy.ascontiguousarray of it.`);
  }
  const shape = dimensions.split(',').flatMap((text) => (text.trim() ? [Number(text)] : []));
  const size = shape.reduce((product, count) => product * count, 1);
  const reader = READERS[type];
  if (!reader) {
    throw new Error(
      `${name} has elements of type ${type}; save it as ${Object.keys(READERS).join(', ')}.`,
    );
  }
  if (bytes.length - start - length !== size * reader.width) {
    throw new Error(`${name} does not hold the ${size} values its header says: save it again.`);
  }
  // A copy, because typed arrays need aligned bytes of their own.
  return { shape, data: reader.read(bytes.slice(start + length).buffer, name) };
}

interface Reader {
  /** Bytes per element. */
  readonly width: number;
  read(buffer: ArrayBuffer, name: string): NpyArray['data'];
}

const READERS: Readonly<Record<string, Reader>> = {
  '|u1': { width: 1, read: (buffer) => new Uint8Array(buffer) },
  '<i4': { width: 4, read: (buffer) => new Int32Array(buffer) },
  '<i8': { width: 8, read: (buffer, name) => toInt32(new BigInt64Array(buffer), name) },
  '<f4': { width: 4, read: (buffer) => new Float32Array(buffer) },
  '<f8': { width: 8, read: (buffer) => Float32Array.from(new Float64Array(buffer)) },
};

function toInt32(values: BigInt64Array, name: string): Int32Array {
  const result = new Int32Array(values.length);
  values.forEach((value, i) => {
    if (BigInt.asIntN(32, value) !== value) {
      throw new Error(`${name} holds ${value}, which does not fit into 32 bits.`);
    }
    result[i] = Number(value);
  });
  return result;
}
