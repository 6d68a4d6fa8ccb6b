import { realpathSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join, sep } from 'node:path';
import type { PluginDefinition } from '@ar-distill/core';
import { importedFirst, importFirst, isEsModule } from './es-modules';
import { foreignFolders } from './foreign-folders';
import { giveHostPackages, hooksRequiredModules } from './give-host-packages';
import { HOST_PACKAGES, hostFiles } from './host-packages';
import { checkHostVersions } from './host-versions';
import { loadFailure } from './load-failure';
import { firstLine, type Manifest, readManifest } from './manifest';
import { asGuest } from './as-guest';
import { PluginError } from './plugin-error';
import type { PluginPackage } from './plugin-package';
import { pluginOfModule } from './validate-plugin';

/** The package in what Node says of a module that it does not find. */
const MISSING = /Cannot find (?:module|package) '((?:@[^/']+\/)?[^/']+)/;

/** A plugin that can be used. */
export interface InstalledPlugin extends PluginPackage {
  /** Version of the npm package. */
  readonly version: string;
  readonly definition: PluginDefinition;
}

/**
 * Loads the entry of a plugin package (CommonJS, or an ES module without top-level await) and checks
 * what it exports. An entry that lies outside of the package is not run. Wherever the plugin is
 * installed, it gets this application's copies of what is shared (`HOST_PACKAGES`).
 *
 * @throws PluginError naming the package and the mend.
 */
export function loadPlugin(plugin: PluginPackage): InstalledPlugin {
  const manifest = readManifest(join(plugin.directory, 'package.json'));
  const { version = 'unknown' } = manifest;
  checkHostVersions(plugin, manifest);
  try {
    const entry = entryOf(plugin);
    const loaded = loadEntry(plugin, entry);
    const definition = pluginOfModule(loaded, plugin.packageName);
    return { ...plugin, version, definition };
  } catch (error) {
    if (error instanceof PluginError) throw error;
    throw new PluginError(
      `The plugin "${plugin.packageName}" in ${plugin.directory} cannot be loaded ` +
        `(${loadFailure(error, plugin.directory)}): ${mendOf(error, manifest)}.`,
      { cause: error },
    );
  }
}

function loadEntry(plugin: PluginPackage, entry: string): unknown {
  const { packageName, directory, requiredFrom } = plugin;
  const isForeign = serveFromHost(plugin);
  const imported = importedFirst(entry);
  if (imported === undefined) {
    if (!isForeign || !needsImport(entry)) {
      return asGuest(() => createRequire(requiredFrom)(entry) as unknown);
    }
    throw new PluginError(
      `The plugin "${packageName}" in ${directory} is an ES module apart from ar-distill: await importPlugins() before createContainer(), or use Node 22.15 or newer.`,
    );
  }
  if ('error' in imported) throw imported.error;
  return imported.module;
}

/** What an author forgot to name or to install is not there, whoever installs the plugin again. */
function mendOf(error: unknown, manifest: Manifest): string {
  const [, missing = ''] = MISSING.exec(firstLine(error)) ?? [];
  if (HOST_PACKAGES.includes(missing) && !manifest.namesIn('peerDependencies').includes(missing)) {
    return `name "${missing}" in the "peerDependencies" of its package.json`;
  }
  return manifest.namesIn('dependencies').includes(missing)
    ? 'run "npm install --ignore-scripts" in that folder, or install it again'
    : 'build it if it is a workspace, or install it again';
}

/**
 * Loads an ES module ahead of `loadPlugin` where Node cannot give it this application's packages
 * otherwise, or warns when it is required (before 22.15); does nothing for other plugins.
 */
export async function importPlugin(plugin: PluginPackage): Promise<void> {
  checkHostVersions(plugin, readManifest(join(plugin.directory, 'package.json')));
  const entry = entryOf(plugin);
  if (!needsImport(entry)) return;
  serveFromHost(plugin);
  await importFirst(entry);
}

function needsImport(entry: string): boolean {
  return !hooksRequiredModules() && isEsModule(entry);
}

/** Gives a plugin this application's copies from now on; says whether it would load others by itself. */
function serveFromHost({ directory }: PluginPackage): boolean {
  const hosts = hostFiles();
  const folders = foreignFolders(directory, hosts);
  giveHostPackages(folders, hosts);
  return folders.length > 0;
}

function entryOf({ packageName, directory, requiredFrom, request }: PluginPackage): string {
  const entry = realpathSync(createRequire(requiredFrom).resolve(request));
  if (!entry.startsWith(directory + sep)) {
    throw new PluginError(
      `The entry of the plugin "${packageName}" in ${directory} lies outside of its package (${entry}), so that it is not run: remove the plugin, or build and install it again.`,
    );
  }
  return entry;
}
