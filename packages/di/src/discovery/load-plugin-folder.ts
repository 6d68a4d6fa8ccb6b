import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { itself } from './find-plugin-packages';
import { type InstalledPlugin, loadPlugin } from './load-plugin';
import { readManifest } from './manifest';
import { PluginError } from './plugin-error';

/**
 * Loads a plugin from its own folder, where it may still be being written: nobody has to depend on it.
 *
 * @throws PluginError when the folder has no package.json with the name of a plugin, or the plugin cannot
 *   be loaded.
 */
export function loadPluginFolder(folder: string): InstalledPlugin {
  const [found] = itself(folder);
  if (found) return loadPlugin(found);
  const file = join(folder, 'package.json');
  if (!existsSync(file)) {
    throw new PluginError(`There is no package.json in ${folder}: name the folder of a plugin.`);
  }
  const { name } = readManifest(file);
  const called = name === undefined ? 'has no name' : `is called "${name}"`;
  throw new PluginError(
    `The package in ${folder} ${called}, which is no name of a plugin: call it "ar-distill-plugin-<name>" or "@<scope>/ar-distill-plugin-<name>".`,
  );
}
