import { findPluginPackages, type PluginPlaces } from './find-plugin-packages';
import { hooksRequiredModules } from './give-host-packages';
import { importPlugin, loadPlugin, type InstalledPlugin } from './load-plugin';
import { PluginError } from './plugin-error';
import type { PluginPackage, PluginProblem } from './plugin-package';

/** What discovery found. */
export interface DiscoveredPlugins {
  /** Usable plugins, by plugin name. */
  readonly plugins: readonly InstalledPlugin[];
  readonly problems: readonly PluginProblem[];
}

/**
 * Finds and loads the plugins of the given places: their code runs. A broken plugin becomes a problem
 * and does not keep the others from working. So do two packages that register one plugin name: which
 * of them is meant nobody can tell, so neither is used.
 */
export function discoverPlugins(places: PluginPlaces): DiscoveredPlugins {
  const { packages, problems: missing } = findPluginPackages(places);
  const problems: PluginProblem[] = [...missing];
  const byName = new Map<string, InstalledPlugin[]>();
  for (const found of packages) {
    const plugin = attemptLoad(found, problems);
    if (!plugin) continue;
    const { name } = plugin.definition;
    byName.set(name, [...(byName.get(name) ?? []), plugin]);
  }
  const plugins: InstalledPlugin[] = [];
  for (const [name, [plugin, ...others]] of byName) {
    if (plugin && others.length === 0) plugins.push(plugin);
    else problems.push(duplicate(name, byName.get(name)!));
  }
  plugins.sort((a, b) => (a.definition.name < b.definition.name ? -1 : 1));
  return { plugins, problems };
}

/**
 * Loads those plugins of the given places, ahead of `discoverPlugins`, that can only be loaded
 * asynchronously, or without a warning of Node's: ES modules before Node 22.15. What goes wrong is left
 * for `discoverPlugins` to say.
 */
export async function importPlugins(places: PluginPlaces): Promise<void> {
  if (hooksRequiredModules()) return;
  for (const found of findPluginPackages(places).packages) {
    await importPlugin(found).catch(() => undefined);
  }
}

function attemptLoad(found: PluginPackage, problems: PluginProblem[]): InstalledPlugin | undefined {
  try {
    return loadPlugin(found);
  } catch (error) {
    if (!(error instanceof PluginError)) throw error;
    problems.push({ packageName: found.packageName, message: error.message });
    return undefined;
  }
}

function duplicate(name: string, plugins: readonly InstalledPlugin[]): PluginProblem {
  const places = plugins.map(({ packageName, directory }) => `${packageName} in ${directory}`);
  return {
    message: `Several packages register the plugin "${name}", so that none of them is used: remove all but one of ${places.join(' and ')}.`,
    presets: [...new Set(plugins.flatMap(presetNames))],
  };
}

/** Names of the presets that a plugin brings. */
export function presetNames({ definition }: InstalledPlugin): string[] {
  return Object.keys(definition.presets ?? {});
}
