import type { PluginDefinition, Preset } from '@ar-distill/core';
import type { InstalledPlugin } from '../discovery/load-plugin';
import { PluginError } from '../discovery/plugin-error';

/** A preset and the plugin that it belongs to. */
export interface FoundPreset {
  readonly plugin: PluginDefinition;
  readonly presetName: string;
  readonly preset: Preset<unknown>;
}

/**
 * The preset of that name among all plugins. `plugin:preset` asks for one plugin's.
 *
 * @throws PluginError when no plugin has it (lists the ones there are) or several have it.
 */
export function findPreset(plugins: readonly InstalledPlugin[], reference: string): FoundPreset {
  const colon = reference.indexOf(':');
  const pluginName = colon < 0 ? undefined : reference.slice(0, colon);
  const presetName = reference.slice(colon + 1);
  if (pluginName !== undefined && !plugins.some((p) => p.definition.name === pluginName)) {
    throw new PluginError(`No plugin "${pluginName}" is installed; ${installedSentence(plugins)}.`);
  }
  const found = plugins.flatMap(({ definition }) => {
    const preset = ownPreset(definition, presetName);
    const asked = pluginName === undefined || definition.name === pluginName;
    return preset && asked ? [{ plugin: definition, presetName, preset }] : [];
  });
  const [first, second] = found;
  if (!first) throw new PluginError(missingMessage(plugins, presetName, pluginName));
  if (second) {
    const choices = found.map(({ plugin }) => `"${plugin.name}:${presetName}"`).join(' or ');
    throw new PluginError(`Several plugins have a preset "${presetName}"; write ${choices}.`);
  }
  return first;
}

function ownPreset(definition: PluginDefinition, name: string): Preset<unknown> | undefined {
  return Object.hasOwn(definition.presets, name) ? definition.presets[name] : undefined;
}

function missingMessage(
  plugins: readonly InstalledPlugin[],
  presetName: string,
  pluginName: string | undefined,
): string {
  if (plugins.length === 0) {
    return (
      `There is no preset "${presetName}" because no plugin is installed; ` +
      'install one, for example with "npm install @ar-distill/plugin-var".'
    );
  }
  const searched = plugins.filter(
    ({ definition }) => pluginName === undefined || definition.name === pluginName,
  );
  const names = searched.flatMap(({ definition }) => Object.keys(definition.presets));
  const place = pluginName === undefined ? 'No plugin' : `The plugin "${pluginName}"`;
  const verb = pluginName === undefined ? 'has' : 'does not have';
  return `${place} ${verb} a preset "${presetName}"; there ${names.length === 1 ? 'is' : 'are'} ${names.join(', ') || 'none'}.`;
}

function installedSentence(plugins: readonly InstalledPlugin[]): string {
  const names = plugins.map(({ definition }) => definition.name);
  return names.length ? `installed: ${names.join(', ')}` : 'none is installed';
}
