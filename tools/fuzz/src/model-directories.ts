import { createHash } from 'node:crypto';
import {
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  symlinkSync,
  truncateSync,
  writeFileSync,
} from 'node:fs';
import path from 'node:path';
import type { Random } from './random';

const INDEX = 'model.safetensors.index.json';

/** Damages the files of a model directory, or forges them. */
export type DirectoryMutation = (folder: string, random: Random) => void;

export const flipFiles: DirectoryMutation = (folder, random) => {
  const file = path.join(folder, random.pick(readdirSync(folder)));
  const bytes = readFileSync(file);
  bytes[random.below(bytes.length)]! ^= 1 << random.below(8);
  writeFileSync(file, bytes);
};

export const cutFiles: DirectoryMutation = (folder, random) => {
  const file = path.join(folder, random.pick(readdirSync(folder)));
  if (random.below(4) === 0) rmSync(file);
  else truncateSync(file, random.below(readFileSync(file).length));
};

/** Shards outside of the folder, links, folders in their place. */
export const escapingShards: DirectoryMutation = (folder, random) => {
  const shard = shardOf(folder);
  const outside = random.pick(['../outside.safetensors', '/etc/passwd', 'a/b', '..', '', 'a\0b']);
  const changes: readonly (() => void)[] = [
    () => editIndex(folder, (text) => text.replaceAll(path.basename(shard), outside)),
    () => {
      renameSync(shard, path.join(folder, 'elsewhere'));
      symlinkSync(path.join(folder, 'elsewhere'), shard);
    },
    () => {
      rmSync(shard);
      symlinkSync('/dev/zero', shard);
    },
    () => {
      rmSync(shard);
      symlinkSync(folder, shard);
    },
  ];
  random.pick(changes)();
};

/** The index says something else than the shards hold. */
export const forgedIndex: DirectoryMutation = (folder, random) => {
  const index = JSON.parse(readFileSync(path.join(folder, INDEX), 'utf8')) as {
    metadata: Record<string, unknown>;
    weight_map: Record<string, unknown>;
  };
  const [first = ''] = Object.keys(index.weight_map);
  const strange = random.pick([null, -1, 'x', [], {}, 1e300, 'model-00009-of-00009.safetensors']);
  const changes: readonly (() => void)[] = [
    () => void (index.metadata['total_size'] = strange),
    () => void (index.metadata['sha256'] = strange),
    () => void (index.metadata['sha256'] = { [path.basename(shardOf(folder))]: '0'.repeat(64) }),
    () => void delete index.weight_map[first],
    () => void (index.weight_map[first] = strange),
    () => void (index.weight_map['extra'] = index.weight_map[first]),
    () => void (index.weight_map = strange as Record<string, unknown>),
    () => void (index.metadata = strange as Record<string, unknown>),
  ];
  random.pick(changes)();
  writeFileSync(path.join(folder, INDEX), JSON.stringify(index));
};

export const forgedConfig: DirectoryMutation = (folder, random) => {
  const file = path.join(folder, 'config.json');
  const config = JSON.parse(readFileSync(file, 'utf8')) as Record<string, unknown>;
  const strange = random.pick([null, -1, 'x', [], {}, [{}], 2, '../x', { patchNums: [1e9] }]);
  const key = random.pick([...Object.keys(config), '__proto__']);
  writeFileSync(
    file,
    random.below(5) === 0
      ? '{'.repeat(random.below(100_000))
      : JSON.stringify({ ...config, [key]: strange }),
  );
};

/** A shard that was changed together with its checksum: its header is checked all the same. */
export const forgedShard: DirectoryMutation = (folder, random) => {
  const shard = shardOf(folder);
  const bytes = readFileSync(shard);
  const header = Number(bytes.readBigUInt64LE());
  for (let i = random.below(4); i >= 0; i--) bytes[random.below(header + 8)] = random.below(256);
  const old = sha256(readFileSync(shard));
  writeFileSync(shard, bytes);
  editIndex(folder, (text) => text.replaceAll(old, sha256(bytes)));
};

function shardOf(folder: string): string {
  const name = readdirSync(folder).find((entry) => /^model-\d+-of-\d+\.safetensors$/.test(entry));
  if (name === undefined) throw new Error(`"${folder}" has no shard.`);
  return path.join(folder, name);
}

function editIndex(folder: string, edit: (text: string) => string): void {
  const file = path.join(folder, INDEX);
  writeFileSync(file, edit(readFileSync(file, 'utf8')));
}

function sha256(bytes: Buffer): string {
  return createHash('sha256').update(bytes).digest('hex');
}
