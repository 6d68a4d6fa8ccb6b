import { existsSync } from 'node:fs';
import path from 'node:path';
import {
  type Backbone,
  definePlugin,
  PLUGIN_CONTRACT_VERSION,
  type PluginDefinition,
  type Preset,
} from '@ar-distill/core';
import { adaptationSettingsSchema } from '@ar-distill/core/methods';
import { requireThat } from './assertions';
import { type ConformanceResult, outcome } from './results';

/**
 * Checks what a plugin declares: the contract's version, names, and its presets. A preset that names
 * a backbone or a method of another plugin is checked as far as that goes without it. The backbones
 * themselves are checked by `checkBackbone`.
 */
export async function checkPlugin(plugin: PluginDefinition): Promise<ConformanceResult[]> {
  const results = [
    await outcome('plugin: the version of the contract', () =>
      requireThat(
        plugin.contractVersion === PLUGIN_CONTRACT_VERSION,
        `The contract version is ${String(plugin.contractVersion)} instead of ${PLUGIN_CONTRACT_VERSION}.`,
      ),
    ),
    await outcome('plugin: names', () => {
      definePlugin(plugin);
      for (const [kind, names] of Object.entries(contributedNames(plugin))) {
        const twice = names.find((name, i) => names.indexOf(name) !== i);
        requireThat(twice === undefined, `Two ${kind} have the name "${twice}".`);
      }
    }),
  ];
  for (const [name, preset] of Object.entries(plugin.presets ?? {})) {
    results.push(await outcome(`preset "${name}"`, () => checkPreset(plugin, preset)));
  }
  return results;
}

function contributedNames(plugin: PluginDefinition): Record<string, readonly string[]> {
  const { backbones, datasets, featureNetworks, metrics, methods } = plugin;
  const kinds = { backbones, datasets, 'feature networks': featureNetworks, metrics, methods };
  return Object.fromEntries(
    Object.entries(kinds).map(([kind, parts]) => [kind, parts?.map(({ name }) => name) ?? []]),
  );
}

function checkPreset(plugin: PluginDefinition, preset: Preset): void {
  const backbone = plugin.backbones?.find(({ name }) => name === preset.backbone);
  if (backbone) checkArchitecture(backbone, preset);
  for (const [name, settings] of Object.entries(preset.methods)) {
    const method = plugin.methods?.find((own) => own.name === name);
    const parsed = method?.settingsSchema.safeParse(settings);
    requireThat(
      parsed?.success !== false,
      `The method "${name}" refuses its settings: ${parsed?.error?.message}`,
    );
  }
  if (preset.adaptation !== undefined) {
    const { success, error } = adaptationSettingsSchema.safeParse(preset.adaptation);
    requireThat(success, `The settings of the adaptation are refused: ${error?.message}`);
  }
  requireThat(
    !preset.training || preset.dataset !== undefined,
    'It can be trained, but names no data set.',
  );
  for (const [kind, file] of Object.entries(preset.weights ?? {})) {
    requireThat(path.isAbsolute(file), `The path of its ${kind} is not absolute: "${file}".`);
    requireThat(existsSync(file), `Its ${kind} is missing: there is no file "${file}".`);
  }
}

function checkArchitecture(backbone: Backbone, { architecture, adaptation }: Preset): void {
  const { success, error } = backbone.architectureSchema.safeParse(architecture);
  requireThat(success, `architectureSchema refuses its architecture: ${error?.message}`);
  requireThat(
    adaptation !== undefined || !backbone.adaptation?.isNeeded(architecture),
    'Its teacher needs an adaptation, but it has no settings for one.',
  );
}
