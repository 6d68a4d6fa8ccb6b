import { join } from 'node:path';
import { manifestSeenFrom, type HostFiles } from './host-packages';
import { installedFolder } from './installed-folder';
import { readManifest, type DependencyField } from './manifest';
import { PluginError } from './plugin-error';

const FIELDS: readonly DependencyField[] = [
  'dependencies',
  'optionalDependencies',
  'peerDependencies',
];
const PACKAGE_NAME = /^(@[\w~-][\w.~-]*\/)?[\w~-][\w.~-]*$/;

/**
 * The folders among those of a plugin and of all packages that it needs whose modules would load other
 * copies of what the host gives to plugins, or would find none.
 */
export function foreignFolders(pluginDirectory: string, hosts: HostFiles): string[] {
  const folders = new Set([pluginDirectory]);
  const foreign: string[] = [];
  // A set that grows while it is walked is walked to its new end.
  for (const folder of folders) {
    const file = join(folder, 'package.json');
    const declared = namesNeeded(file);
    const isForeign = Object.entries(hosts).some(([name, host]) => {
      // Not what NODE_PATH adds, which shims of package managers set: `import` does not look there.
      const installed = installedFolder(folder, name);
      const theirs = installed && join(installed.directory, 'package.json');
      // What is not declared may be imported all the same, from wherever Node finds it.
      const isWanted = declared.has(name) || theirs !== undefined;
      return isWanted && theirs !== manifestSeenFrom(host, name);
    });
    if (isForeign) foreign.push(folder);
    for (const name of declared) {
      const needed = Object.hasOwn(hosts, name) ? undefined : installedFolder(folder, name);
      if (needed) folders.add(needed.directory);
    }
  }
  return foreign;
}

/** Nothing is needed by a package whose package.json cannot be read: Node judges whether it loads. */
function namesNeeded(file: string): Set<string> {
  try {
    const manifest = readManifest(file);
    const names = FIELDS.flatMap((field) => manifest.namesIn(field));
    return new Set(names.filter((name) => PACKAGE_NAME.test(name)));
  } catch (error) {
    if (!(error instanceof PluginError)) throw error;
    return new Set();
  }
}
