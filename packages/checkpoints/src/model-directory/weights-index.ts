import { parseJsonObject, readSmallFile } from './small-files';
import { CheckpointFormatError } from '../errors';

/** The names that the Hugging Face layout gives to its files. */
export const INDEX_FILE = 'model.safetensors.index.json';
export const CONFIG_FILE = 'config.json';

/** Larger than the index of any model: a name and a file per tensor. */
export const MAX_INDEX_BYTES = 32 * 2 ** 20;
const SHARD = /^model-\d{5}-of-\d{5}\.safetensors$/;
const SHA256 = /^[0-9a-f]{64}$/;

/** `model.safetensors.index.json`: the Hugging Face layout, and a checksum of every shard. */
export interface WeightsIndex {
  readonly metadata: {
    /** Bytes of all tensors. */
    readonly total_size: number;
    /** Hexadecimal SHA-256 of every shard. */
    readonly sha256: Readonly<Record<string, string>>;
  };
  /** Shard of every tensor. */
  readonly weight_map: Readonly<Record<string, string>>;
}

/** Name of shard `index` (from 0) of `count`. */
export function shardName(index: number, count: number): string {
  const digits = (value: number): string => String(value).padStart(5, '0');
  return `model-${digits(index + 1)}-of-${digits(count)}.safetensors`;
}

/**
 * Reads and checks an index. Shards are plain names, so none lies outside of the folder.
 * @throws CheckpointFormatError naming the file and the entry.
 */
export async function readWeightsIndex(file: string): Promise<WeightsIndex> {
  const fail = (problem: string): never => {
    throw new CheckpointFormatError(file, `${problem}: import the model again.`);
  };
  const text = await readSmallFile(file, MAX_INDEX_BYTES);
  const { metadata, weight_map: weightMap } = parseJsonObject(file, text);
  if (!isRecord(metadata) || !isRecord(weightMap)) return fail('it has no metadata or weight_map');
  const { total_size: totalSize, sha256 } = metadata;
  if (typeof totalSize !== 'number') return fail('its total_size is no number');
  if (!isRecord(sha256)) return fail('it has no SHA-256 checksums of the weights');
  for (const [shard, sum] of Object.entries(sha256)) {
    if (!SHARD.test(shard)) return fail(`"${shard}" is no name of a shard`);
    if (typeof sum !== 'string' || !SHA256.test(sum)) {
      return fail(`the checksum of "${shard}" is no SHA-256`);
    }
  }
  for (const [name, shard] of Object.entries(weightMap)) {
    if (typeof shard !== 'string' || !Object.hasOwn(sha256, shard)) {
      return fail(`the tensor "${name}" lies in no shard that has a checksum`);
    }
  }
  return {
    metadata: { total_size: totalSize, sha256: sha256 as Record<string, string> },
    weight_map: weightMap as Record<string, string>,
  };
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
