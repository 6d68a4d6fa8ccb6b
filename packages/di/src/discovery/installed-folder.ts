import { realpathSync, statSync } from 'node:fs';
import { dirname, join } from 'node:path';

/** Where a package is installed. */
export interface InstalledFolder {
  /** The `node_modules` that it was found in. */
  readonly nodeModules: string;
  /** The package's folder, all links followed. */
  readonly directory: string;
}

/** The package that Node finds from a folder: in the `node_modules` there, or in one further up. */
export function installedFolder(start: string, packageName: string): InstalledFolder | undefined {
  for (let folder = start; ; folder = dirname(folder)) {
    const nodeModules = join(folder, 'node_modules');
    const directory = realDirectory(join(nodeModules, packageName));
    if (directory !== undefined) return { nodeModules, directory };
    if (dirname(folder) === folder) return undefined;
  }
}

/** The folder with all links followed; undefined for a file or a link to nowhere. */
export function realDirectory(path: string): string | undefined {
  try {
    return statSync(path).isDirectory() ? realpathSync(path) : undefined;
  } catch {
    return undefined;
  }
}
