import { createHash } from 'node:crypto';
import { existsSync, readFileSync, statSync } from 'node:fs';
import { lstat, open } from 'node:fs/promises';
import path from 'node:path';
import { elementCount } from '@ar-distill/program';
import { elementSize } from '../element-types';
import { CheckpointFormatError, messageOf } from '../errors';
import { readPieces } from '../files/read-bytes';
import { openSafetensors } from '../safetensors/safetensors-file';
import type { WeightsFile } from '../weights-file';
import { parseJsonObject, readSmallFile } from './small-files';
import {
  CONFIG_FILE,
  INDEX_FILE,
  MAX_INDEX_BYTES,
  readWeightsIndex,
  type WeightsIndex,
} from './weights-index';

const MAX_CONFIG_BYTES = 2 ** 20;

/** An open model directory. */
export interface ModelDirectory extends WeightsFile {
  /** What `config.json` holds. */
  readonly config: Readonly<Record<string, unknown>>;
}

/**
 * True for a folder that `writeModelDirectory` wrote, whether it is intact or not; false for one of the
 * same layout that another program wrote, whose index has no checksums.
 */
export function isModelDirectory(folder: string): boolean {
  const file = path.join(folder, INDEX_FILE);
  if (!existsSync(file)) return false;
  const stats = statSync(file);
  if (!stats.isFile() || stats.size > MAX_INDEX_BYTES) return false;
  try {
    const { metadata, weight_map: map } = parseJsonObject(file, readFileSync(file, 'utf8'));
    return map === undefined || (isObject(metadata) && Object.hasOwn(metadata, 'sha256'));
  } catch {
    // Opening it says what is wrong.
    return true;
  }
}

function isObject(value: unknown): value is object {
  return typeof value === 'object' && value !== null;
}

/** `config.json` of a model directory alone; its weights are not looked at. */
export async function readModelConfig(folder: string): Promise<Readonly<Record<string, unknown>>> {
  const file = path.join(folder, CONFIG_FILE);
  return parseJsonObject(file, await readSmallFile(file, MAX_CONFIG_BYTES));
}

/**
 * Opens a model directory. The SHA-256 of every shard is compared first, without holding a shard in
 * memory; then tensors are read one by one.
 * @throws CheckpointFormatError naming the file that is missing, damaged or not the one that was written.
 */
export async function openModelDirectory(folder: string): Promise<ModelDirectory> {
  const config = await readModelConfig(folder);
  const index = await readWeightsIndex(path.join(folder, INDEX_FILE));
  const shards = new Map<string, WeightsFile>();
  const close = async (): Promise<void> => {
    for (const shard of shards.values()) await shard.close();
  };
  try {
    for (const [name, sum] of Object.entries(index.metadata.sha256)) {
      const file = path.join(folder, name);
      await checkSum(file, sum);
      shards.set(name, await openSafetensors(file));
    }
    checkTensors(folder, index, shards);
  } catch (error) {
    await close();
    throw error;
  }
  const entries = [...shards.values()];
  const shardOf = (tensor: string): WeightsFile => {
    const shard = Object.hasOwn(index.weight_map, tensor) ? index.weight_map[tensor]! : '';
    const found = shards.get(shard);
    if (!found) throw new CheckpointFormatError(folder, `there is no tensor "${tensor}".`);
    return found;
  };
  return {
    config,
    names: entries.flatMap(({ names }) => names),
    specs: Object.fromEntries(entries.flatMap(({ specs }) => Object.entries(specs))),
    storedTypes: Object.fromEntries(
      entries.flatMap(({ storedTypes }) => Object.entries(storedTypes)),
    ),
    metadata: {},
    read: (name) => shardOf(name).read(name),
    readStored: (name) => shardOf(name).readStored(name),
    close,
  };
}

async function checkSum(file: string, expected: string): Promise<void> {
  const hash = createHash('sha256');
  try {
    if (!(await lstat(file)).isFile()) throw new Error('it is no plain file');
    const handle = await open(file, 'r');
    try {
      const { size } = await handle.stat();
      for await (const piece of readPieces(handle, 0, size)) hash.update(piece);
    } finally {
      await handle.close();
    }
  } catch (error) {
    throw new CheckpointFormatError(file, `it cannot be read (${messageOf(error)}).`);
  }
  if (hash.digest('hex') !== expected) {
    throw new CheckpointFormatError(
      file,
      'its SHA-256 is not the one in the index: the file is damaged, import the model again.',
    );
  }
}

/** The index and the shards must hold the same tensors. */
function checkTensors(
  folder: string,
  { metadata, weight_map: map }: WeightsIndex,
  shards: ReadonlyMap<string, WeightsFile>,
): void {
  const fail = (problem: string): never => {
    throw new CheckpointFormatError(
      path.join(folder, INDEX_FILE),
      `${problem}: import the model again.`,
    );
  };
  let bytes = 0;
  const found = new Set<string>();
  for (const [shard, { names, specs, storedTypes }] of shards) {
    for (const name of names) {
      if (!Object.hasOwn(map, name) || map[name] !== shard) {
        fail(`it does not say that the tensor "${name}" lies in "${shard}"`);
      }
      bytes += elementCount(specs[name]!.shape) * elementSize(storedTypes[name]!);
      found.add(name);
    }
  }
  const missing = Object.keys(map).find((name) => !found.has(name));
  if (missing !== undefined) fail(`the tensor "${missing}" is not in the shard that it names`);
  if (bytes !== metadata.total_size) {
    fail(`its total_size is ${metadata.total_size} where the tensors have ${bytes} bytes`);
  }
}
