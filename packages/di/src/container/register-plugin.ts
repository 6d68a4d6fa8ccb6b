import { presetNames } from '../discovery/discover-plugins';
import type { InstalledPlugin } from '../discovery/load-plugin';
import type { Token } from './service-container';
import {
  BACKBONES,
  DATASETS,
  FEATURE_NETWORKS,
  METHODS,
  METRICS,
  PLUGIN_PROBLEMS,
  PLUGINS,
  PRESETS,
  type Contribution,
} from './tokens';
import type { TypedContainer } from './typed-container';

/** The kinds of parts that are found by their name alone, with where they are registered. */
function partsOf({ definition }: InstalledPlugin) {
  const { backbones, datasets, featureNetworks, metrics, methods } = definition;
  return [
    partsOfKind('backbone', BACKBONES, backbones),
    partsOfKind('data set', DATASETS, datasets),
    partsOfKind('feature network', FEATURE_NETWORKS, featureNetworks),
    partsOfKind('metric', METRICS, metrics),
    partsOfKind('method', METHODS, methods),
  ];
}

interface PartsOfKind {
  /** Says which part another plugin, or the application, has already; undefined when none. */
  conflictIn(container: TypedContainer): string | undefined;
  registerIn(container: TypedContainer, plugin: string): void;
}

function partsOfKind<T extends { readonly name: string }>(
  kind: string,
  token: Token<Contribution<T>>,
  parts: readonly T[] = [],
): PartsOfKind {
  return {
    conflictIn: (container) => {
      const known = container.resolveAll(token);
      for (const { name } of parts) {
        const other = known.find((one) => one.name === name);
        if (!other) continue;
        const owner =
          other.plugin === undefined
            ? 'AR-Distill has itself'
            : `the plugin "${other.plugin}" brings, too`;
        return `brings the ${kind} "${name}", which ${owner}`;
      }
      return undefined;
    },
    registerIn: (container, plugin) => {
      for (const part of parts) {
        container.registerValue(token, { name: part.name, plugin, value: part });
      }
    },
  };
}

/**
 * Registers a plugin and everything that it contributes; or, when another plugin or the application has a
 * part of the same kind and name, only that it cannot be used.
 */
export function registerPlugin(container: TypedContainer, installed: InstalledPlugin): void {
  const { definition, packageName } = installed;
  const plugin = definition.name;
  const kinds = partsOf(installed);
  for (const kind of kinds) {
    const conflict = kind.conflictIn(container);
    if (conflict === undefined) continue;
    container.registerValue(PLUGIN_PROBLEMS, {
      packageName,
      message: `The plugin "${plugin}" of ${packageName} ${conflict}, so that it is not used: remove one of them.`,
      presets: presetNames(installed),
    });
    return;
  }
  container.registerValue(PLUGINS, installed);
  for (const kind of kinds) kind.registerIn(container, plugin);
  // Presets of one name are told apart by their plugin: `plugin:preset`.
  for (const [name, value] of Object.entries(definition.presets ?? {})) {
    container.registerValue(PRESETS, { name, plugin, value });
  }
}
