import { readFileSync, statSync } from 'node:fs';
import { lstat, readdir, stat, writeFile } from 'node:fs/promises';
import { join, relative, sep } from 'node:path';
import { digestFile, type FileDigest } from './checksums';
import { buildFolder, LAYOUT } from './places';
import { TENSORFLOW_VARIANTS, type TensorflowSources, type TensorflowVariant } from './sources';

/** A build of TensorFlow and its binding in the user's folder. */
export interface TensorflowBuild {
  readonly folder: string;
  readonly variant: TensorflowVariant;
  /** Version of TensorFlow. */
  readonly tensorflow: string;
  /** Name and version of the package whose binding it has. */
  readonly binding: { readonly name: string; readonly version: string };
  /** All files, by their paths in the folder with slashes. */
  readonly files: Readonly<Record<string, FileDigest>>;
}

const FORMAT = 1;

/** Digests everything in the folder of a build and writes that down; the last step of a build. */
export async function writeBuildRecord(
  folder: string,
  { variant, tensorflow, binding }: TensorflowSources,
  signal?: AbortSignal,
): Promise<void> {
  const files: Record<string, FileDigest> = {};
  for (const entry of await readdir(folder, { recursive: true, withFileTypes: true })) {
    if (!entry.isFile()) continue;
    const path = join(entry.parentPath, entry.name);
    const { size: bytes } = await stat(path);
    const name = relative(folder, path).split(sep).join('/');
    files[name] = { sha256: await digestFile(path, 'sha256', 'hex', signal), bytes };
  }
  const { name, version } = binding;
  const record = { format: FORMAT, variant, tensorflow: tensorflow.version, files };
  await writeFile(
    join(folder, LAYOUT.record),
    JSON.stringify({ ...record, binding: { name, version } }, null, 1),
  );
}

/** The build of a variant in the user's folder; `undefined` when there is none of this format. */
export function readBuild(root: string, variant: TensorflowVariant): TensorflowBuild | undefined {
  const folder = buildFolder(root, variant);
  try {
    const record: unknown = JSON.parse(readFileSync(join(folder, LAYOUT.record), 'utf8'));
    return isRecord(record) && record.variant === variant ? { ...record, folder } : undefined;
  } catch {
    return undefined;
  }
}

/** The builds in the user's folder, that with CUDA first. */
export function findBuilds(root: string): TensorflowBuild[] {
  return [...TENSORFLOW_VARIANTS].reverse().flatMap((variant) => readBuild(root, variant) ?? []);
}

/** Whether a build is what would be built now. */
export function isCurrent(
  { tensorflow, binding }: TensorflowBuild,
  sources: TensorflowSources,
): boolean {
  return (
    tensorflow === sources.tensorflow.version &&
    binding.name === sources.binding.name &&
    binding.version === sources.binding.version
  );
}

/** The first file of a build that is missing or has another size; much faster than `findDamage`. */
export function findLoss({ folder, files }: TensorflowBuild): string | undefined {
  const lost = Object.entries(files).find(([name, { bytes }]) => {
    const found = statSync(join(folder, name), { throwIfNoEntry: false });
    return !found?.isFile() || found.size !== bytes;
  });
  return lost && join(folder, lost[0]);
}

/** The first file of a build that is missing or has other bytes than when it was built. */
export async function findDamage(
  { folder, files }: TensorflowBuild,
  signal?: AbortSignal,
): Promise<string | undefined> {
  for (const [name, { sha256, bytes }] of Object.entries(files)) {
    const path = join(folder, name);
    const found = await lstat(path).catch(() => undefined);
    if (!found?.isFile() || found.size !== bytes) return path;
    if ((await digestFile(path, 'sha256', 'hex', signal)) !== sha256) return path;
  }
  return undefined;
}

type BuildRecord = Omit<TensorflowBuild, 'folder'>;

function isRecord(value: unknown): value is BuildRecord {
  return (
    isObject(value) &&
    value['format'] === FORMAT &&
    TENSORFLOW_VARIANTS.some((variant) => variant === value['variant']) &&
    typeof value['tensorflow'] === 'string' &&
    isObject(value['binding']) &&
    typeof value['binding']['name'] === 'string' &&
    typeof value['binding']['version'] === 'string' &&
    isObject(value['files']) &&
    Object.values(value['files']).every(isDigest)
  );
}

function isDigest(value: unknown): value is FileDigest {
  return (
    isObject(value) && typeof value['sha256'] === 'string' && typeof value['bytes'] === 'number'
  );
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null;
}
