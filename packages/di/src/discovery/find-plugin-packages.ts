import { readdirSync, realpathSync, statSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { isPluginPackageName, type PluginPackage } from './plugin-package';

/**
 * Installed plugin packages, seen from the given folders: every `node_modules` of a folder and of its
 * ancestors is searched, nearest first, and links (workspaces, `npm link`) are followed. A package
 * that is reached by several ways is reported once.
 */
export function findPluginPackages(startFolders: readonly string[]): PluginPackage[] {
  const found = new Map<string, PluginPackage>();
  for (const nodeModules of nodeModulesAbove(startFolders)) {
    for (const packageName of pluginNamesIn(nodeModules)) {
      const directory = realDirectory(join(nodeModules, packageName));
      if (directory && !found.has(directory)) {
        found.set(directory, { packageName, directory, nodeModules });
      }
    }
  }
  return [...found.values()];
}

function nodeModulesAbove(startFolders: readonly string[]): string[] {
  const folders = new Set<string>();
  for (const start of startFolders) {
    let folder = resolve(start);
    for (;;) {
      folders.add(join(folder, 'node_modules'));
      const parent = dirname(folder);
      if (parent === folder) break;
      folder = parent;
    }
  }
  return [...folders];
}

function pluginNamesIn(nodeModules: string): string[] {
  return entriesOf(nodeModules)
    .flatMap((entry) =>
      entry.startsWith('@')
        ? entriesOf(join(nodeModules, entry)).map((name) => `${entry}/${name}`)
        : [entry],
    )
    .filter(isPluginPackageName)
    .sort();
}

/** Names in a folder; none when it does not exist or may not be read. */
function entriesOf(folder: string): string[] {
  try {
    return readdirSync(folder);
  } catch {
    return [];
  }
}

/** The folder with all links followed; undefined for a file or a link to nowhere. */
function realDirectory(path: string): string | undefined {
  try {
    return statSync(path).isDirectory() ? realpathSync(path) : undefined;
  } catch {
    return undefined;
  }
}
