import path from 'node:path';
import { CheckpointFormatError } from '../errors';
import type { WeightsFile } from '../weights-file';
import { readShardIndex, type ShardIndex } from './shard-index';

/**
 * Opens the shards that an index names as if they were one file; tensors are read one by one.
 *
 * @param openShard opens one of them.
 * @throws CheckpointFormatError naming the file that is missing or damaged, or the tensor that is not
 *   where the index says.
 */
export async function openShards(
  indexFile: string,
  openShard: (file: string) => Promise<WeightsFile>,
): Promise<WeightsFile> {
  const index = await readShardIndex(indexFile);
  const opened = new Map<string, WeightsFile>();
  const close = async (): Promise<void> => {
    for (const shard of opened.values()) await shard.close();
  };
  try {
    for (const shard of index.shards) {
      opened.set(shard, await openShard(path.join(path.dirname(indexFile), shard)));
    }
    checkPlaces(indexFile, index, opened);
  } catch (error) {
    await close();
    throw error;
  }
  const shardOf = (name: string): WeightsFile => {
    const shard = Object.hasOwn(index.weightMap, name) ? index.weightMap[name]! : '';
    const found = opened.get(shard);
    if (!found) throw new CheckpointFormatError(indexFile, `there is no tensor "${name}".`);
    return found;
  };
  const shards = [...opened.values()];
  return {
    names: shards.flatMap(({ names }) => names),
    specs: Object.fromEntries(shards.flatMap(({ specs }) => Object.entries(specs))),
    storedTypes: Object.fromEntries(
      shards.flatMap(({ storedTypes }) => Object.entries(storedTypes)),
    ),
    metadata: {},
    read: (name) => shardOf(name).read(name),
    readStored: (name) => shardOf(name).readStored(name),
    close,
  };
}

/** The index and the shards must hold the same tensors. */
function checkPlaces(
  indexFile: string,
  { weightMap }: ShardIndex,
  shards: ReadonlyMap<string, WeightsFile>,
): void {
  for (const [shard, { names }] of shards) {
    const unknown = names.find(
      (name) => !Object.hasOwn(weightMap, name) || weightMap[name] !== shard,
    );
    if (unknown === undefined) continue;
    throw new CheckpointFormatError(
      indexFile,
      `it does not say that the tensor "${unknown}" lies in "${shard}": take undamaged copies.`,
    );
  }
  const missing = Object.entries(weightMap).find(
    ([name, shard]) => !Object.hasOwn(shards.get(shard)!.specs, name),
  );
  if (!missing) return;
  throw new CheckpointFormatError(
    indexFile,
    `the tensor "${missing[0]}" is not in "${missing[1]}", where it should lie: take undamaged copies.`,
  );
}
