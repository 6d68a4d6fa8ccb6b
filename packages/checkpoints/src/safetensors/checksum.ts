import { createHash } from 'node:crypto';
import { open, type FileHandle } from 'node:fs/promises';
import { CheckpointFormatError } from '../errors';
import type { Patch } from '../files/atomic-write';
import { readFully, readPieces } from '../files/read-bytes';
import { openSafetensors } from './safetensors-file';

/** Key of the metadata that holds the checksum. */
export const CHECKSUM_KEY = 'sha256';

/** Stands in the place of the checksum while it is computed: hexadecimal digits of SHA-256. */
const PLACEHOLDER = '0'.repeat(64);

/** The metadata of a file whose checksum is not known yet. */
export const NO_CHECKSUM: Readonly<Record<string, string>> = { [CHECKSUM_KEY]: PLACEHOLDER };

/** The checksum of a file while it is written: SHA-256 of all bytes, with zeros where it will stand. */
export class FileChecksum {
  private readonly hash = createHash('sha256');

  /** `header`: the first bytes of the file, made with `NO_CHECKSUM`. */
  constructor(private readonly header: Uint8Array) {}

  /** Passes the pieces of the file on, the header among them. */
  async *watch(pieces: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array> {
    for await (const piece of pieces) {
      this.hash.update(piece);
      yield piece;
    }
  }

  /** The checksum and where it stands; to be asked for once, when all pieces have passed. */
  patch(): Patch {
    return {
      position: checksumPosition(this.header, PLACEHOLDER)!,
      bytes: Buffer.from(this.hash.digest('hex')),
    };
  }
}

/**
 * Compares a file with the checksum in its metadata; reads all of it.
 * @returns false when it has none, as files of other programs and of older versions.
 * @throws CheckpointFormatError when the file is damaged: one bit is enough.
 */
export async function verifySafetensors(file: string): Promise<boolean> {
  const opened = await openSafetensors(file);
  await opened.close();
  const stated = opened.metadata[CHECKSUM_KEY];
  if (stated === undefined) return false;
  const handle = await open(file, 'r');
  try {
    if ((await checksumOf(handle, stated)) === stated) return true;
  } finally {
    await handle.close();
  }
  throw new CheckpointFormatError(
    file,
    'it is damaged, as its checksum shows: restore it from a copy, or make it again.',
  );
}

/** Bytes of the header's length. */
const LENGTH_BYTES = 8;

async function checksumOf(handle: FileHandle, stated: string): Promise<string | undefined> {
  const { size } = await handle.stat();
  const length = Buffer.alloc(LENGTH_BYTES);
  await readFully(handle, length, 0);
  const header = Buffer.alloc(LENGTH_BYTES + Number(length.readBigUInt64LE()));
  await readFully(handle, header, 0);
  const position = checksumPosition(header, stated);
  // Something else than a checksum under its key.
  if (position === undefined || stated.length !== PLACEHOLDER.length) return undefined;
  header.write(PLACEHOLDER, position);
  const hash = createHash('sha256').update(header);
  for await (const piece of readPieces(handle, header.length, size - header.length)) {
    hash.update(piece);
  }
  return hash.digest('hex');
}

/** Where the value of the checksum begins; inside of other texts its quotation marks are escaped. */
function checksumPosition(header: Uint8Array, value: string): number | undefined {
  const field = `"${CHECKSUM_KEY}":"`;
  const start = Buffer.from(header).indexOf(`${field}${value}"`);
  return start < 0 ? undefined : start + field.length;
}
