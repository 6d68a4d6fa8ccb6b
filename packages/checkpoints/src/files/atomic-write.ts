import { randomBytes } from 'node:crypto';
import { existsSync } from 'node:fs';
import { link, mkdir, open, rename, rm, type FileHandle } from 'node:fs/promises';
import path from 'node:path';
import { namingFile } from './naming-file';

/** What can be written: bytes at once, or one piece after the other. */
export type Bytes = Uint8Array | Iterable<Uint8Array> | AsyncIterable<Uint8Array>;

/** Bytes that replace some of those that were written. */
export interface Patch {
  /** Of the first of them in the file. */
  readonly position: number;
  readonly bytes: Uint8Array;
}

/** Bytes per write call: far below the 2 GiB that one call takes. */
const WRITE_BYTES = 64 * 2 ** 20;

/** How the names of unfinished files begin and end. */
const TEMPORARY = /^\..+\.[0-9a-f]{12}\.tmp$/;

/** True for the name of a file that `atomicWriteFile` had not finished when its process died. */
export function isTemporaryFile(name: string): boolean {
  return TEMPORARY.test(name);
}

/** A name beside `file` for what is not finished, by which `isTemporaryFile` knows it. */
export function temporaryPath(file: string): string {
  const name = `.${path.basename(file)}.${randomBytes(6).toString('hex')}.tmp`;
  return path.join(path.dirname(path.resolve(file)), name);
}

/**
 * Writes a file so that a reader sees the old content or the new one, never a part, even after a
 * power cut: temporary file in the same folder, fsync, rename, fsync of the folder. Missing folders
 * are made. On failure the temporary file is removed, the old file stays and the error is passed on, see
 * `namingFile`.
 *
 * @param patch asked for when all is written, before the file appears: what only the whole can tell.
 */
export async function atomicWriteFile(
  file: string,
  bytes: Bytes,
  patch?: () => Patch,
): Promise<void> {
  await writeBeside(file, bytes, (temporary) => rename(temporary, file), patch);
}

/**
 * `atomicWriteFile` of a file that must not be there yet: one that another process makes meanwhile stays
 * what it is.
 * @throws Error with the code EEXIST when it is there.
 */
export async function writeNewFile(file: string, bytes: Bytes): Promise<void> {
  await writeBeside(file, bytes, (temporary) => placeNew(temporary, file));
}

/** What a file system says that has no second names for files. */
const NO_LINKS = new Set<unknown>(['EPERM', 'ENOTSUP', 'EOPNOTSUPP', 'ENOSYS', 'EMLINK']);

/** Unlike a rename, a link never replaces; where there are none, a look before it has to do. */
async function placeNew(temporary: string, file: string): Promise<void> {
  try {
    await link(temporary, file);
  } catch (error) {
    const code: unknown = error instanceof Error && 'code' in error ? error.code : undefined;
    if (!NO_LINKS.has(code) || existsSync(file)) throw error;
    await rename(temporary, file);
    return;
  }
  await rm(temporary);
}

/** Writes all of it under a temporary name and has it placed. */
async function writeBeside(
  file: string,
  bytes: Bytes,
  place: (temporary: string) => Promise<void>,
  patch?: () => Patch,
): Promise<void> {
  const folder = path.dirname(path.resolve(file));
  await mkdir(folder, { recursive: true });
  const temporary = temporaryPath(file);
  try {
    const handle = await open(temporary, 'wx');
    try {
      for await (const piece of bytes instanceof Uint8Array ? [bytes] : bytes) {
        await writeFully(handle, piece);
      }
      if (patch) await writePatch(handle, patch());
      await handle.sync();
    } finally {
      await handle.close();
    }
    await place(temporary);
  } catch (error) {
    // What went wrong first is said, whatever keeps the rest from being removed.
    await rm(temporary, { force: true }).catch(() => undefined);
    throw namingFile(error, file, temporary);
  }
  await syncFolder(folder);
}

/** Writes all bytes at the current position. */
export async function writeFully(handle: FileHandle, bytes: Uint8Array): Promise<void> {
  for (let written = 0; written < bytes.length;) {
    const length = Math.min(WRITE_BYTES, bytes.length - written);
    written += (await handle.write(bytes, written, length)).bytesWritten;
  }
}

async function writePatch(handle: FileHandle, { position, bytes }: Patch): Promise<void> {
  for (let written = 0; written < bytes.length;) {
    const length = bytes.length - written;
    written += (await handle.write(bytes, written, length, position + written)).bytesWritten;
  }
}

/** Makes renames in a folder survive a power cut. */
export async function syncFolder(folder: string): Promise<void> {
  // Windows cannot open folders; NTFS keeps its own journal of renames.
  if (process.platform === 'win32') return;
  const handle = await open(folder, 'r');
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
}
