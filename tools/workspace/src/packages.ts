import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { ROOT } from './root';

/** The folders of the repository that hold packages. */
export type Kind = 'packages' | 'plugins' | 'tools';

interface Conditions {
  readonly '@ar-distill/source'?: string;
  readonly types?: string;
}

/** What is read of a package.json. */
export interface Manifest {
  readonly name: string;
  readonly version: string;
  readonly exports?: Readonly<Record<string, string | Conditions>>;
  readonly dependencies?: Readonly<Record<string, string>>;
  readonly devDependencies?: Readonly<Record<string, string>>;
  readonly peerDependencies?: Readonly<Record<string, string>>;
  readonly optionalDependencies?: Readonly<Record<string, string>>;
}

/** One package of this repository. */
export interface WorkspacePackage {
  readonly kind: Kind;
  /** Its folder's name, without the path. */
  readonly folder: string;
  /** Its folder. */
  readonly directory: string;
  readonly manifest: Manifest;
}

/** One module that a package offers to others. */
export interface Entry {
  /** What others import: `@ar-distill/core` or `@ar-distill/core/math`. */
  readonly specifier: string;
  /** `index`, or the subpath with dashes: a name for files about this entry. */
  readonly label: string;
  /** Its TypeScript source. */
  readonly source: string;
  /** Its built declarations; undefined in tools, which are never built. */
  readonly declarations: string | undefined;
}

/** The packages of the given kinds, in the order of kinds and names. */
export function workspacePackages(...kinds: readonly Kind[]): WorkspacePackage[] {
  return kinds.flatMap((kind) =>
    readdirSync(join(ROOT, kind))
      .sort()
      .map((folder) => ({ kind, folder, directory: join(ROOT, kind, folder) }))
      // Folders without a manifest are left over from another branch, or hold scripts only.
      .filter(({ directory }) => existsSync(join(directory, 'package.json')))
      .map((place) => ({
        ...place,
        manifest: JSON.parse(readFileSync(join(place.directory, 'package.json'), 'utf8')),
      })),
  );
}

/** Modules that the package's `exports` offer from sources, as `.` and subpaths. */
export function entriesOf({ directory, manifest }: WorkspacePackage): Entry[] {
  return Object.entries(manifest.exports ?? {}).flatMap(([subpath, target]) => {
    const source = typeof target === 'string' ? undefined : target['@ar-distill/source'];
    if (typeof target === 'string' || source === undefined) return [];
    return {
      specifier: manifest.name + subpath.slice(1),
      label: subpath === '.' ? 'index' : subpath.slice(2).replaceAll('/', '-'),
      source: join(directory, source),
      declarations: target.types === undefined ? undefined : join(directory, target.types),
    };
  });
}

/** Everything that an import of the package may name: its modules, and `package.json` where exported. */
export function importableSpecifiers({ manifest }: WorkspacePackage): string[] {
  return Object.keys(manifest.exports ?? {}).map((subpath) => manifest.name + subpath.slice(1));
}
