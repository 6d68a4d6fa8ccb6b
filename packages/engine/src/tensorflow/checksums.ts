import { createHash } from 'node:crypto';
import { createReadStream, createWriteStream } from 'node:fs';
import { mkdir } from 'node:fs/promises';
import { dirname } from 'node:path';
import type { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';

/** What a file has to be, or is. */
export interface FileDigest {
  /** SHA-256, in hexadecimal digits. */
  readonly sha256: string;
  readonly bytes: number;
}

/** Digest of a file; `encoding` is that of the text. */
export async function digestFile(
  path: string,
  algorithm: 'sha256' | 'sha512',
  encoding: 'hex' | 'base64',
  signal?: AbortSignal,
): Promise<string> {
  const hash = createHash(algorithm);
  for await (const piece of createReadStream(path, { signal, highWaterMark: 2 ** 20 })) {
    hash.update(piece);
  }
  return hash.digest(encoding);
}

/**
 * Writes a file, makes its folder, and tells what came.
 * @param open - called when the folder is there: a stream that fails before it is read ends the process.
 */
export async function writeAndDigest(
  open: () => Promise<Readable>,
  path: string,
  signal?: AbortSignal,
): Promise<FileDigest> {
  await mkdir(dirname(path), { recursive: true });
  const hash = createHash('sha256');
  let bytes = 0;
  await pipeline(
    await open(),
    async function* (pieces: AsyncIterable<Buffer>) {
      for await (const piece of pieces) {
        hash.update(piece);
        bytes += piece.length;
        yield piece;
      }
    },
    createWriteStream(path),
    { signal },
  );
  return { sha256: hash.digest('hex'), bytes };
}
