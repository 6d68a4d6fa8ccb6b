import { findPluginPackages, type PluginPlaces } from './find-plugin-packages';
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
 * and does not keep the others from working.
 *
 * @throws PluginError when two packages register one plugin name, naming both.
 */
export function discoverPlugins(places: PluginPlaces): DiscoveredPlugins {
  const byName = new Map<string, InstalledPlugin>();
  const { packages, problems: missing } = findPluginPackages(places);
  const problems: PluginProblem[] = [...missing];
  for (const found of packages) {
    const plugin = attemptLoad(found, problems);
    if (!plugin) continue;
    const { name } = plugin.definition;
    const other = byName.get(name);
    if (other) throw new PluginError(duplicateMessage(name, other, plugin));
    byName.set(name, plugin);
  }
  const plugins = [...byName.values()].sort((a, b) =>
    a.definition.name < b.definition.name ? -1 : 1,
  );
  return { plugins, problems };
}

/**
 * Loads those plugins of the given places, ahead of `discoverPlugins`, that can only be loaded
 * asynchronously: ES modules apart from this application before Node 22.15. What goes wrong is left for
 * `discoverPlugins` to say.
 */
export async function importPlugins(places: PluginPlaces): Promise<void> {
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

function duplicateMessage(name: string, first: PluginPackage, second: PluginPackage): string {
  return (
    `Two packages register the plugin "${name}": ${first.packageName} in ${first.directory} and ` +
    `${second.packageName} in ${second.directory}; remove one of them.`
  );
}
