import { existsSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { loadFailure } from './load-failure';
import { readManifest } from './manifest';
import { isPluginPackageName } from './plugin-package';
import { stackPlaces } from './stack-places';

/**
 * A sentence on what was thrown, or rejected, where nobody waited for it, when it comes from the code of a
 * plugin; undefined for anything else.
 */
export function strayPluginError(error: unknown): string | undefined {
  for (const { file } of stackPlaces(error)) {
    const plugin = pluginOf(file);
    if (plugin === undefined) continue;
    const { name, directory } = plugin;
    return `The plugin "${name}" in ${directory} throws while nobody waits for it (${loadFailure(error, directory)}): mend it, or remove it.`;
  }
  return undefined;
}

/** The package that a file belongs to, when it is a plugin by its name. */
function pluginOf(file: string): { name: string; directory: string } | undefined {
  for (let folder = dirname(file); ; folder = dirname(folder)) {
    const manifest = join(folder, 'package.json');
    if (existsSync(manifest)) {
      const { name } = readManifest(manifest);
      return name && isPluginPackageName(name) ? { name, directory: folder } : undefined;
    }
    if (dirname(folder) === folder) return undefined;
  }
}
