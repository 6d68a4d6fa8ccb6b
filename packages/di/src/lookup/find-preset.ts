import type { Backbone, Preset } from '@ar-distill/core';
import type { ServiceContainer } from '../container/service-container';
import { BACKBONES, PLUGIN_PROBLEMS, PLUGINS, PRESETS } from '../container/tokens';
import { PluginError } from '../discovery/plugin-error';
import { findNamed, unknownName } from './find-named';

/** A preset with the backbone that it names. */
export interface FoundPreset {
  readonly name: string;
  /** Name of the plugin that brings the preset. */
  readonly plugin: string;
  readonly preset: Preset;
  readonly backbone: Backbone;
}

/**
 * The preset of that name among all plugins; `plugin:preset` asks for one plugin's.
 *
 * @throws PluginError when no plugin has it, several have it, or its backbone is not installed.
 */
export function findPreset(container: ServiceContainer, reference: string): FoundPreset {
  const all = container.resolveAll(PRESETS);
  const colon = reference.indexOf(':');
  const plugin = colon < 0 ? undefined : reference.slice(0, colon);
  const name = reference.slice(colon + 1);
  refuseUnusable(container, name);
  const plugins = container.resolveAll(PLUGINS).map(({ definition }) => definition.name);
  if (plugin !== undefined && !plugins.includes(plugin)) {
    throw new PluginError(unknownName('plugin', plugin, plugins));
  }
  const searched = plugin === undefined ? all : all.filter((one) => one.plugin === plugin);
  const found = searched.filter((one) => one.name === name);
  const [first, second] = found;
  if (!first) {
    if (plugins.length === 0) {
      const [problem] = container.resolveAll(PLUGIN_PROBLEMS);
      if (problem) {
        throw new PluginError(
          `There is no preset "${name}", because no plugin can be used: ${problem.message}`,
        );
      }
      throw new PluginError(
        `There is no preset "${name}", because no plugin is installed: install one, for example with "npm install --ignore-scripts @ar-distill/plugin-var".`,
      );
    }
    throw new PluginError(
      unknownName(
        'preset',
        name,
        searched.map((one) => one.name),
      ),
    );
  }
  if (second) {
    const choices = found.map((one) => `"${one.plugin}:${name}"`).join(' or ');
    throw new PluginError(`Several plugins have a preset "${name}": write ${choices}.`);
  }
  return {
    name,
    plugin: first.plugin!,
    preset: first.value,
    backbone: backboneOf(container, first),
  };
}

/** A preset of a plugin that cannot be used is no unknown name. */
function refuseUnusable(container: ServiceContainer, name: string): void {
  if (container.resolveAll(PRESETS).some((one) => one.name === name)) return;
  const problem = container
    .resolveAll(PLUGIN_PROBLEMS)
    .find(({ presets }) => presets?.includes(name));
  if (problem) throw new PluginError(problem.message);
}

function backboneOf(
  container: ServiceContainer,
  { name, value }: { readonly name: string; readonly value: Preset },
): Backbone {
  const all = container.resolveAll(BACKBONES);
  if (all.some((one) => one.name === value.backbone)) {
    return findNamed('backbone', all, value.backbone).value;
  }
  throw new PluginError(
    `The preset "${name}" needs the backbone "${value.backbone}": install the plugin that brings it.`,
  );
}
