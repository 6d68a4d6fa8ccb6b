import type { FileHandle } from 'node:fs/promises';
import { RandomAccessReader } from 'yauzl';
import { readFully } from '../files/read-bytes';

/** Bytes that are read at once where reads follow upon each other. */
const READ_AHEAD = 64 * 2 ** 10;

/**
 * Lets yauzl read a file, but only inside of it: yauzl passes the positions that a zip directory states
 * on to `fs.read`, which throws on impossible ones where nobody can catch it. It reads a directory in
 * pieces of some bytes, which are taken from larger ones.
 */
export class BoundedReader extends RandomAccessReader {
  /** The larger piece that was read last. */
  #ahead: { readonly start: number; readonly bytes: Buffer } = {
    start: 0,
    bytes: Buffer.alloc(0),
  };
  /** Where the last read ended. */
  #end = -1;

  constructor(
    private readonly handle: FileHandle,
    private readonly size: number,
  ) {
    super();
  }

  override read(
    buffer: Buffer,
    offset: number,
    length: number,
    position: number,
    callback: (error: Error | null) => void,
  ): void {
    if (!Number.isSafeInteger(position) || position < 0 || position + length > this.size) {
      setImmediate(callback, new Error('its zip directory points outside of the file'));
      return;
    }
    this.#fill(buffer.subarray(offset, offset + length), position).then(
      () => callback(null),
      callback,
    );
  }

  async #fill(target: Buffer, position: number): Promise<void> {
    const isNext = position === this.#end;
    this.#end = position + target.length;
    const { start, bytes } = this.#ahead;
    if (position >= start && this.#end <= start + bytes.length) {
      bytes.copy(target, 0, position - start);
      return;
    }
    if (!isNext || target.length > READ_AHEAD) {
      await readFully(this.handle, target, position);
      return;
    }
    const ahead = Buffer.alloc(Math.min(READ_AHEAD, this.size - position));
    await readFully(this.handle, ahead, position);
    this.#ahead = { start: position, bytes: ahead };
    ahead.copy(target);
  }
}
