import { closeSync, constants, fstatSync, lstatSync, openSync, readSync } from 'node:fs';
import { hasCode } from './error-code';

/** A small text file as it was at one moment. */
export interface PlainFile {
  readonly text: string;
  /** Another file under the same name has another number. */
  readonly inode: number;
  /** When it was last written, in milliseconds of the file system's clock. */
  readonly writtenAt: number;
}

/** What opening a link, a pipe or a terminal by mistake must not do; Windows knows neither. */
const CAUTIOUSLY = (constants.O_NONBLOCK ?? 0) | (constants.O_NOFOLLOW ?? 0);

/**
 * Reads at most `maxBytes` of a plain file; undefined when there is none of that name.
 * @throws Error when the name belongs to a folder, a pipe or anything else.
 */
export function readPlainFile(file: string, maxBytes: number): PlainFile | undefined {
  try {
    if (!lstatSync(file).isFile()) throw notPlain(file);
    const descriptor = openSync(file, constants.O_RDONLY | CAUTIOUSLY);
    try {
      const { ino, mtimeMs } = fstatSync(descriptor);
      const bytes = Buffer.alloc(maxBytes);
      let length = 0;
      for (let read = -1; read !== 0 && length < maxBytes; length += read) {
        read = readSync(descriptor, bytes, length, maxBytes - length, length);
      }
      return { text: bytes.toString('utf8', 0, length), inode: ino, writtenAt: mtimeMs };
    } finally {
      closeSync(descriptor);
    }
  } catch (error) {
    if (hasCode(error, 'ENOENT') || hasCode(error, 'ENOTDIR')) return undefined;
    if (hasCode(error, 'ELOOP')) throw notPlain(file);
    throw error;
  }
}

function notPlain(file: string): Error {
  return new Error(`"${file}" is no plain file: delete it or move it away.`);
}
