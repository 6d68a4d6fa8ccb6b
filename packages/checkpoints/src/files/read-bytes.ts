import type { FileHandle } from 'node:fs/promises';

/** Bytes per read call: below the 2 GiB that one call takes. */
const CHUNK = 2 ** 30;
/** Bytes that are held at a time where a range is read piece by piece. */
const PIECE = 8 * 2 ** 20;

/**
 * Fills `bytes` from `position` of the file on.
 * @throws Error with half a sentence when the file ends earlier.
 */
export async function readFully(
  handle: FileHandle,
  bytes: Uint8Array,
  position: number,
): Promise<void> {
  for (let done = 0; done < bytes.length;) {
    const length = Math.min(CHUNK, bytes.length - done);
    const { bytesRead } = await handle.read(bytes, done, length, position + done);
    if (bytesRead === 0) {
      throw new Error(`the file ends at byte ${position + done}: take an undamaged copy`);
    }
    done += bytesRead;
  }
}

/** The bytes of a range of the file, in pieces of a few MiB that the caller may keep. */
export async function* readPieces(
  handle: FileHandle,
  position: number,
  length: number,
): AsyncGenerator<Uint8Array> {
  for (let done = 0; done < length; done += PIECE) {
    const piece = new Uint8Array(Math.min(PIECE, length - done));
    await readFully(handle, piece, position + done);
    yield piece;
  }
}
