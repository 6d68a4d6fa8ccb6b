import * as directories from './model-directories';
import * as archive from './mutations/archive';
import * as bytes from './mutations/bytes';
import * as configs from './mutations/configs';
import * as pickles from './mutations/pickles';
import * as safetensors from './mutations/safetensors';
import type { Mutation } from './mutation';

/** Ways to break or forge checkpoint files, by the names that the report gives them. */
export const FILE_KINDS: Readonly<Record<string, Mutation>> = {
  'bit flips': bytes.flipBits,
  'bit flips in the structure': bytes.flipStructure,
  truncation: bytes.truncate,
  'cut, doubled or inserted range': bytes.splice,
  'other kind of file or name': bytes.otherFiles,
  'swapped records': archive.swapRecords,
  'path-like record names': archive.renameRecords,
  'duplicated records': archive.duplicateRecords,
  'zip bombs and lying sizes': archive.zipBomb,
  'directory fields': archive.archiveFields,
  'pickle: bit flips, right checksum': pickles.flipPickle,
  'pickle: forged calls': pickles.forgedCalls,
  'pickle: memo abuse': pickles.memoAbuse,
  'pickle: deep nesting': pickles.deepNesting,
  'pickle: absurd tensors': pickles.absurdTensors,
  'pickle: strange names': pickles.strangeNames,
  'pickle: other tensors': pickles.otherTensors,
  'pickle: huge counts': pickles.hugeCounts,
  'safetensors: header': safetensors.safetensorsHeader,
  'safetensors: header length': safetensors.safetensorsLength,
  'safetensors: flips and cuts': safetensors.safetensorsBytes,
  'config.json': configs.strangeConfigs,
};

/** Ways to break or forge model directories. */
export const DIRECTORY_KINDS: Readonly<Record<string, directories.DirectoryMutation>> = {
  'model directory: bit flips': directories.flipFiles,
  'model directory: missing and cut files': directories.cutFiles,
  'model directory: shards elsewhere': directories.escapingShards,
  'model directory: index': directories.forgedIndex,
  'model directory: config.json': directories.forgedConfig,
  'model directory: shard with its checksum': directories.forgedShard,
};

export const KINDS: readonly string[] = [
  ...Object.keys(FILE_KINDS),
  ...Object.keys(DIRECTORY_KINDS),
];
