import { createHash, type Hash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { readdir, stat } from 'node:fs/promises';
import path from 'node:path';

/** Bytes that are read at a time. */
const PIECE = 4 * 2 ** 20;

/**
 * SHA-256 of a file; of a folder that of the names and checksums of its files.
 * @throws the signal's reason when it is aborted.
 */
export async function checksumOf(fileOrFolder: string, signal?: AbortSignal): Promise<string> {
  const hash = createHash('sha256');
  if ((await stat(fileOrFolder)).isDirectory()) {
    const entries = await readdir(fileOrFolder, { withFileTypes: true });
    for (const name of entries.flatMap((entry) => (isPlain(entry) ? [entry.name] : [])).sort()) {
      hash.update(`${await checksumOf(path.join(fileOrFolder, name), signal)} ${name}\n`);
    }
  } else {
    await addFile(hash, fileOrFolder, signal);
  }
  return hash.digest('hex');
}

/** Files whose names begin with a dot are other programs' own. */
function isPlain(entry: { readonly name: string; isFile(): boolean }): boolean {
  return entry.isFile() && !entry.name.startsWith('.');
}

async function addFile(hash: Hash, file: string, signal: AbortSignal | undefined): Promise<void> {
  for await (const piece of createReadStream(file, { highWaterMark: PIECE })) {
    signal?.throwIfAborted();
    hash.update(piece);
  }
}
