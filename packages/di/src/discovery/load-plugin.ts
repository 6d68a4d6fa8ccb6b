import { realpathSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join, sep } from 'node:path';
import type { PluginDefinition } from '@ar-distill/core';
import { loadFailure } from './load-failure';
import { readManifest } from './manifest';
import { PluginError } from './plugin-error';
import type { PluginPackage } from './plugin-package';
import { checkSharedInstances } from './shared-instances';
import { pluginOfModule } from './validate-plugin';

/** A plugin that can be used. */
export interface InstalledPlugin extends PluginPackage {
  /** Version of the npm package. */
  readonly version: string;
  readonly definition: PluginDefinition;
}

/**
 * Loads the entry of a plugin package (CommonJS, or an ES module without top-level await) and checks
 * what it exports. An entry that lies outside of the package is not run.
 *
 * @throws PluginError naming the package and the mend.
 */
export function loadPlugin(plugin: PluginPackage): InstalledPlugin {
  const { version = 'unknown' } = readManifest(join(plugin.directory, 'package.json'));
  checkSharedInstances(plugin);
  try {
    const definition = pluginOfModule(entryOf(plugin), plugin.packageName);
    return { ...plugin, version, definition };
  } catch (error) {
    if (error instanceof PluginError) throw error;
    throw new PluginError(
      `The plugin "${plugin.packageName}" in ${plugin.directory} cannot be loaded ` +
        `(${loadFailure(error, plugin.directory)}): build it if it is a workspace, or install it again.`,
      { cause: error },
    );
  }
}

function entryOf({ packageName, directory, requiredFrom, request }: PluginPackage): unknown {
  const require = createRequire(requiredFrom);
  const entry = realpathSync(require.resolve(request));
  if (!entry.startsWith(directory + sep)) {
    throw new PluginError(
      `The entry of the plugin "${packageName}" in ${directory} lies outside of its package (${entry}), so that it is not run: remove the plugin, or build and install it again.`,
    );
  }
  return require(entry);
}
