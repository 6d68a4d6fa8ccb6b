import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { ROOT, workspacePackages } from '@ar-distill/workspace';
import { mustRun } from './run-command';

/** A package as `npm pack` made it. */
export interface PackedPackage {
  readonly name: string;
  readonly version: string;
  /** Path of the tarball. */
  readonly file: string;
  /** Subresource integrity of the tarball. */
  readonly integrity: string;
  /** Paths in the package. */
  readonly paths: readonly string[];
}

interface NpmPacked {
  readonly name: string;
  readonly version: string;
  readonly filename: string;
  readonly integrity: string;
  readonly files: readonly { readonly path: string }[];
}

/** Builds everything that is published and packs it into `folder`. */
export async function packWorkspace(folder: string): Promise<PackedPackage[]> {
  mkdirSync(folder, { recursive: true });
  // Nearly free when nothing changed since the last build: nx keeps its results.
  await mustRun(ROOT, ['npm', 'run', 'build']);
  const folders = workspacePackages('packages', 'plugins').map(
    (one) => `./${one.kind}/${one.folder}`,
  );
  return npmPack(ROOT, folder, folders);
}

/** `npm pack` of package folders in `cwd`. */
export async function npmPack(
  cwd: string,
  folder: string,
  folders: readonly string[],
): Promise<PackedPackage[]> {
  const printed = await mustRun(cwd, [
    'npm',
    'pack',
    '--json',
    '--ignore-scripts',
    '--pack-destination',
    folder,
    ...folders,
  ]);
  const packed: readonly NpmPacked[] = JSON.parse(printed);
  return packed.map(({ name, version, filename, integrity, files }) => ({
    name,
    version,
    // npm names the scope in `filename`, and writes it with a dash.
    file: join(folder, filename.replace('@', '').replace('/', '-')),
    integrity,
    paths: files.map(({ path }) => path),
  }));
}
