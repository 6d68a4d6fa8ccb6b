import { createHash } from 'node:crypto';
import { existsSync, rmdirSync, rmSync } from 'node:fs';
import { mkdir, open, rename, type FileHandle } from 'node:fs/promises';
import path from 'node:path';
import { atomicWriteFile, syncFolder, temporaryPath, writeFully } from '../files/atomic-write';
import { namingFile } from '../files/naming-file';
import {
  encodeSafetensorsHeader,
  storedBytes,
  type StoredTensor,
} from '../safetensors/encode-header';
import { CONFIG_FILE, INDEX_FILE, shardName, type WeightsIndex } from './weights-index';

/** A shard is closed before it would grow beyond this; a larger tensor has a shard of its own. */
const SHARD_BYTES = 2 * 2 ** 30;

/** A tensor and where its stored bytes come from. */
export interface StoredTensorSource extends StoredTensor {
  /** Little-endian, row-major, in pieces. */
  read(): AsyncIterable<Uint8Array>;
}

/** How a model directory is written. */
export interface ModelDirectoryOptions {
  /** Aborts between two pieces; nothing is left behind then. */
  readonly signal?: AbortSignal;
  /** Called after every piece with the number of bytes written so far. */
  onProgress?(bytes: number): void;
  /** Writes what else belongs to the folder into it, before it appears; it has a temporary name then. */
  complete?(folder: string): Promise<void>;
  /** Bytes of tensors in a shard; default 2 GiB. */
  readonly shardBytes?: number;
}

/**
 * Writes weights as a folder in the Hugging Face layout: `config.json`, safetensors shards and
 * `model.safetensors.index.json` with a SHA-256 of every shard. Element types are kept as they are.
 * The folder appears at once, complete and synced: it is written under a temporary name beside its own
 * and renamed; when anything fails, the signal aborts or the process exits, nothing of it remains.
 *
 * @param config JSON object for `config.json`.
 * @throws Error when the folder exists, or a source gives fewer or more bytes than its shape needs.
 */
export async function writeModelDirectory(
  folder: string,
  config: Readonly<Record<string, unknown>>,
  tensors: readonly StoredTensorSource[],
  options: ModelDirectoryOptions = {},
): Promise<void> {
  if (existsSync(folder)) {
    throw new Error(`"${folder}" exists already: remove it or name another folder.`);
  }
  const parent = path.dirname(path.resolve(folder));
  const firstMade = await mkdir(parent, { recursive: true });
  const temporary = temporaryPath(folder);
  const discard = (): void => {
    rmSync(temporary, { recursive: true, force: true });
    if (firstMade !== undefined) removeEmptyFolders(parent, firstMade);
  };
  // A second Ctrl-C ends the process without an exception.
  process.once('exit', discard);
  try {
    await mkdir(temporary);
    const index = await writeShards(temporary, tensors, options);
    await atomicWriteFile(path.join(temporary, INDEX_FILE), json(index));
    await atomicWriteFile(path.join(temporary, CONFIG_FILE), json(config));
    await options.complete?.(temporary);
    options.signal?.throwIfAborted();
    await rename(temporary, folder);
    await syncFolder(parent);
  } catch (error) {
    discard();
    throw namingFile(error, folder, temporary);
  } finally {
    process.off('exit', discard);
  }
}

/** Removes `folder` and those above it up to `last`, as far as they are empty. */
function removeEmptyFolders(folder: string, last: string): void {
  try {
    for (let current = folder; ; current = path.dirname(current)) {
      rmdirSync(current);
      if (current === last) return;
    }
  } catch {
    // Something else lies there by now: it stays.
  }
}

async function writeShards(
  folder: string,
  tensors: readonly StoredTensorSource[],
  options: ModelDirectoryOptions,
): Promise<WeightsIndex> {
  const shards = splitIntoShards(tensors, options.shardBytes ?? SHARD_BYTES);
  const sums: [string, string][] = [];
  const map: [string, string][] = [];
  let written = 0;
  for (const [i, shard] of shards.entries()) {
    const name = shardName(i, shards.length);
    const handle = await open(path.join(folder, name), 'wx');
    try {
      const sum = await writeShard(handle, shard, options.signal, (bytes) => {
        written += bytes;
        options.onProgress?.(written);
      });
      sums.push([name, sum]);
    } finally {
      await handle.close();
    }
    for (const tensor of shard) map.push([tensor.name, name]);
  }
  return {
    metadata: { total_size: written, sha256: Object.fromEntries(sums) },
    weight_map: Object.fromEntries(map),
  };
}

function splitIntoShards(
  tensors: readonly StoredTensorSource[],
  limit: number,
): StoredTensorSource[][] {
  const shards: StoredTensorSource[][] = [];
  let room = 0;
  for (const tensor of tensors) {
    const bytes = storedBytes(tensor);
    if (shards.length === 0 || bytes > room) {
      shards.push([]);
      room = limit;
    }
    shards.at(-1)!.push(tensor);
    room -= bytes;
  }
  return shards;
}

/** Returns the SHA-256 of what it wrote. */
async function writeShard(
  handle: FileHandle,
  tensors: readonly StoredTensorSource[],
  signal: AbortSignal | undefined,
  onBytes: (count: number) => void,
): Promise<string> {
  const hash = createHash('sha256');
  const write = async (bytes: Uint8Array): Promise<void> => {
    hash.update(bytes);
    await writeFully(handle, bytes);
  };
  // The format asks for it of files that transformers reads.
  await write(encodeSafetensorsHeader(tensors, { format: 'pt' }));
  for (const tensor of tensors) {
    let rest = storedBytes(tensor);
    for await (const piece of tensor.read()) {
      signal?.throwIfAborted();
      rest -= piece.length;
      await write(piece);
      onBytes(piece.length);
    }
    if (rest !== 0) {
      throw new Error(`The bytes of "${tensor.name}" do not fill its shape.`);
    }
  }
  await handle.sync();
  return hash.digest('hex');
}

function json(value: unknown): Buffer {
  return Buffer.from(`${JSON.stringify(value, null, 2)}\n`);
}
