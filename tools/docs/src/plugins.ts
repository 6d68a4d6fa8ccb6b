import type { PluginDefinition } from '@ar-distill/core';
import { plugin as llamagen } from '@ar-distill/plugin-llamagen';
import { plugin as toy } from '@ar-distill/plugin-toy';
import { plugin as varPlugin } from '@ar-distill/plugin-var';

/** Our own plugins with backbones and presets. */
export const PLUGINS: readonly PluginDefinition[] = [varPlugin, llamagen, toy];

/** Names of all presets of ours. */
export function presetNames(): string[] {
  return PLUGINS.flatMap(({ presets = {} }) => Object.keys(presets));
}
