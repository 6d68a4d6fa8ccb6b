import type { InstalledPlugin } from '../discovery/load-plugin';
import { PluginError } from '../discovery/plugin-error';
import type { Token } from './service-container';
import {
  BACKBONES,
  DATASETS,
  FEATURE_NETWORKS,
  METHODS,
  METRICS,
  PLUGINS,
  PRESETS,
  type Contribution,
} from './tokens';
import type { TypedContainer } from './typed-container';

/**
 * Registers a plugin and everything that it contributes.
 * @throws PluginError when another plugin, or the application, has a part of that kind and name.
 */
export function registerPlugin(container: TypedContainer, installed: InstalledPlugin): void {
  const { definition } = installed;
  const plugin = definition.name;
  const add = <T>(kind: string, token: Token<Contribution<T>>, name: string, value: T): void => {
    const other = container.resolveAll(token).find((known) => known.name === name);
    if (other) {
      throw new PluginError(
        `The plugin "${plugin}" of ${installed.packageName} brings the ${kind} "${name}", which ` +
          `${other.plugin === undefined ? 'AR-Distill has itself' : `the plugin "${other.plugin}" brings, too`}: remove one of them.`,
      );
    }
    container.registerValue(token, { name, plugin, value });
  };
  container.registerValue(PLUGINS, installed);
  for (const part of definition.backbones ?? []) add('backbone', BACKBONES, part.name, part);
  for (const part of definition.datasets ?? []) add('data set', DATASETS, part.name, part);
  for (const part of definition.featureNetworks ?? []) {
    add('feature network', FEATURE_NETWORKS, part.name, part);
  }
  for (const part of definition.metrics ?? []) add('metric', METRICS, part.name, part);
  for (const part of definition.methods ?? []) add('method', METHODS, part.name, part);
  // Presets of one name are told apart by their plugin: `plugin:preset`.
  for (const [name, value] of Object.entries(definition.presets ?? {})) {
    container.registerValue(PRESETS, { name, plugin, value });
  }
}
