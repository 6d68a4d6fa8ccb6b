import type { FileHandle } from 'node:fs/promises';
import { RandomAccessReader } from 'yauzl';
import { readFully } from '../files/read-bytes';

/**
 * Lets yauzl read a file, but only inside of it: yauzl passes the positions that a zip directory states
 * on to `fs.read`, which throws on impossible ones where nobody can catch it.
 */
export class BoundedReader extends RandomAccessReader {
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
    readFully(this.handle, buffer.subarray(offset, offset + length), position).then(
      () => callback(null),
      callback,
    );
  }
}
