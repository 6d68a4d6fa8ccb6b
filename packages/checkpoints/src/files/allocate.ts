/** Smaller arrays are not worth memory of their own. */
const LARGE = 2 ** 16;

/**
 * Zeroed bytes for values that are read. Large ones lie in shared memory, so that weights can be
 * handed to another thread without a copy.
 */
export function allocateBytes(length: number): Uint8Array {
  return length < LARGE ? new Uint8Array(length) : new Uint8Array(new SharedArrayBuffer(length));
}
