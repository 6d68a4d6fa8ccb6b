import { createHash, type Hash } from 'node:crypto';
import { type FileHandle, open, rm } from 'node:fs/promises';
import path from 'node:path';
import { namingFile } from '@ar-distill/checkpoints';
import type { FileBytes, HubFile } from './hub-client';

/**
 * Fetches a file into a folder, or what is missing of it there. Its size and checksum are compared with
 * what was listed; a file that is damaged is removed, one that broke off is kept for the next time.
 *
 * @param read gives the bytes from a place on, see `FileBytes`.
 * @param onBytes gets the number of bytes that are there so far, again and again.
 * @throws Error naming the file when it is damaged or broke off, and what `read` throws.
 */
export async function downloadFile(
  file: HubFile,
  folder: string,
  read: (first: number) => Promise<FileBytes>,
  onBytes: (bytes: number) => void,
): Promise<void> {
  const target = path.join(folder, file.path);
  const handle = await open(target, 'a+');
  let isWhole: boolean;
  try {
    isWhole = await fill(handle, file, read, onBytes);
    await handle.sync();
  } catch (error) {
    throw namingFile(error, target);
  } finally {
    await handle.close();
  }
  if (isWhole) return;
  await rm(target);
  throw new Error(
    `"${file.path}" of the model arrived damaged, as its checksum shows: fetch the model again.`,
  );
}

/** Whether the file is, in the end, the one that was listed. */
async function fill(
  handle: FileHandle,
  file: HubFile,
  read: (first: number) => Promise<FileBytes>,
  onBytes: (bytes: number) => void,
): Promise<boolean> {
  if ((await handle.stat()).size > file.size) await handle.truncate(0);
  let hash = newHash(file);
  let done = await addWhatIsThere(handle, hash);
  onBytes(done);
  if (done < file.size) {
    const { first, pieces } = await read(done);
    if (first < done) {
      hash = newHash(file);
      done = 0;
      await handle.truncate(0);
    }
    for await (const piece of pieces) {
      if (done + piece.length > file.size) return false;
      await handle.appendFile(piece);
      hash.update(piece);
      done += piece.length;
      onBytes(done);
    }
  }
  if (done < file.size) {
    throw new Error(
      `"${file.path}" of the model broke off after ${done} of ${file.size} bytes: fetch the model again, which goes on from there.`,
    );
  }
  return hash.digest('hex') === file.checksum.value;
}

/** Git hashes a file behind a header with its size. */
function newHash({ size, checksum }: HubFile): Hash {
  return checksum.kind === 'sha256'
    ? createHash('sha256')
    : createHash('sha1').update(`blob ${size}\0`);
}

/** Returns how many bytes there are. */
async function addWhatIsThere(handle: FileHandle, hash: Hash): Promise<number> {
  let done = 0;
  for await (const piece of handle.createReadStream({ start: 0, autoClose: false })) {
    hash.update(piece);
    done += piece.length;
  }
  return done;
}
