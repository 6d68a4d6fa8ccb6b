import type { FileHandle } from 'node:fs/promises';

/** Bytes per read call: below the 2 GiB that one call takes. */
const CHUNK = 2 ** 30;

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
      throw new Error(`the file ends at byte ${position + done}: fetch it again`);
    }
    done += bytesRead;
  }
}
