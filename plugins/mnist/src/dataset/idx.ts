/** An array of an IDX file, the format in which MNIST is published: unsigned bytes, row-major. */
export interface IdxArray {
  readonly shape: readonly number[];
  readonly data: Uint8Array;
}

const UNSIGNED_BYTE = 0x08;

/**
 * Reads an IDX file of unsigned bytes: two zero bytes, the element type, the number of dimensions,
 * each dimension as a big-endian 32-bit integer, then the values (format: yann.lecun.com/exdb/mnist).
 * `name` is shown in errors. The result shares memory with `bytes`.
 * @throws Error when the bytes are no such file, or are shorter or longer than its header says.
 */
export function parseIdx(bytes: Uint8Array, name: string): IdxArray {
  if (bytes[0] === 0x1f && bytes[1] === 0x8b) {
    throw new Error(`${name} is gzip-compressed: unpack it with gunzip.`);
  }
  if (bytes.length < 4 || bytes[0] !== 0 || bytes[1] !== 0) {
    throw new Error(`${name} is not an IDX file: download it again.`);
  }
  if (bytes[2] !== UNSIGNED_BYTE) {
    throw new Error(
      `${name} holds elements of IDX type 0x${bytes[2]!.toString(16)}; only unsigned bytes (0x8) can be read.`,
    );
  }
  const rank = bytes[3]!;
  const start = 4 + 4 * rank;
  if (rank === 0 || bytes.length < start) {
    throw new Error(`The header of ${name} is incomplete: download it again.`);
  }
  const header = new DataView(bytes.buffer, bytes.byteOffset, start);
  const shape = Array.from({ length: rank }, (_, axis) => header.getUint32(4 + 4 * axis));
  const size = shape.reduce((product, length) => product * length, 1);
  if (bytes.length - start !== size) {
    throw new Error(
      `${name} holds ${bytes.length - start} values where its header says ${size}: download it again.`,
    );
  }
  return { shape, data: bytes.subarray(start) };
}
