import { CheckpointFormatError } from '../errors';
import { parseJsonObject, readSmallFile } from '../model-directory/small-files';

/** Larger than the index of any model: a name and a file per tensor. */
const MAX_INDEX_BYTES = 32 * 2 ** 20;
/** A name in the folder itself, as file systems take them. */
const PLAIN_NAME = /^(?!\.)[^/\\\p{Cc}]{1,255}$/u;
/** So many files may be open at once everywhere. */
const MAX_SHARDS = 512;

/** Which shard every tensor lies in. */
export interface ShardIndex {
  readonly metadata: Readonly<Record<string, unknown>>;
  readonly weightMap: Readonly<Record<string, string>>;
  /** File names, in the order in which they are named first. */
  readonly shards: readonly string[];
}

/**
 * Reads an index of the Hugging Face layout. Shards are plain names, so none lies outside of the folder.
 * @throws CheckpointFormatError naming the file and the entry.
 */
export async function readShardIndex(file: string): Promise<ShardIndex> {
  const fail = (problem: string): never => {
    throw new CheckpointFormatError(file, `${problem}: take an undamaged copy of it.`);
  };
  const index = parseJsonObject(file, await readSmallFile(file, MAX_INDEX_BYTES));
  const { metadata = {}, weight_map: weightMap } = index;
  if (!isRecord(metadata) || !isRecord(weightMap)) return fail('it has no weight_map');
  const entries = Object.entries(weightMap).map(([name, shard]): [string, string] => {
    if (typeof shard !== 'string' || !PLAIN_NAME.test(shard)) {
      return fail(`the tensor "${name}" lies in no file of the folder`);
    }
    return [name, shard];
  });
  const shards = [...new Set(entries.map(([, shard]) => shard))];
  if (shards.length === 0) return fail('it names no tensors');
  if (shards.length > MAX_SHARDS) return fail(`it names more than ${MAX_SHARDS} files`);
  return { metadata, weightMap: Object.fromEntries(entries), shards };
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
