import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import type { PluginDefinition } from '@ar-distill/core';
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
 * what it exports.
 *
 * @throws PluginError naming the package and the mend.
 */
export function loadPlugin(plugin: PluginPackage): InstalledPlugin {
  checkSharedInstances(plugin);
  const definition = pluginOfModule(entryOf(plugin), plugin.packageName);
  return { ...plugin, version: versionOf(plugin), definition };
}

function entryOf(plugin: PluginPackage): unknown {
  // Resolved by name from beside its node_modules, so that the `exports` map of the package counts.
  const require = createRequire(join(dirname(plugin.nodeModules), 'package.json'));
  try {
    return require(plugin.packageName);
  } catch (error) {
    throw new PluginError(
      `The plugin "${plugin.packageName}" in ${plugin.directory} cannot be loaded ` +
        `(${firstLine(error)}): build it if it is a workspace, or install it again.`,
      { cause: error },
    );
  }
}

function versionOf({ packageName, directory }: PluginPackage): string {
  try {
    const manifest: unknown = JSON.parse(readFileSync(join(directory, 'package.json'), 'utf8'));
    return String((manifest as { version?: unknown }).version ?? 'unknown');
  } catch (error) {
    throw new PluginError(
      `The package.json of the plugin "${packageName}" in ${directory} cannot be read ` +
        `(${firstLine(error)}): install the plugin again.`,
      { cause: error },
    );
  }
}

function firstLine(error: unknown): string {
  const message = error instanceof Error ? error.message : String(error);
  return (message.split('\n')[0] ?? '').replace(/[.\s]+$/, '');
}
