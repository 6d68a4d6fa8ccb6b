import type { PluginDefinition, Preset } from '@ar-distill/core';
import { adaptationSettingsSchema, BUILT_IN_METHODS } from '@ar-distill/core/methods';
import { supervisedSettingsSchema } from '@ar-distill/core/optimization';
import type { z } from 'zod';
import { code, plain, table } from './markdown';
import { schemaRows, valueCode } from './schema-rows';

/** Characters; longer lists, the distribution of the toy, are in the plugin's source. */
const LONGEST_VALUE = 100;

/** Sections of all presets: what each is, and the values that are none by default. */
export function presetTables(plugins: readonly PluginDefinition[]): string[] {
  const rows = plugins
    .flatMap(presetsOf)
    .map(([name, preset]) => [
      code(name),
      plain(preset.summary),
      preset.backbone,
      preset.dataset ?? '–',
      preset.evaluation?.featureNetwork ?? '–',
      Object.keys(preset.methods).join(', '),
      Object.keys(preset.weights ?? {}).join(', ') || '–',
    ]);
  return [
    '## Presets',
    'A preset is a choice of all settings, sizes and weights. The tables below have what it sets to other values than the defaults; `ar-distill distill --print-config` prints everything.',
    table(
      ['preset', 'what it is', 'backbone', 'data set', 'measured in', 'methods', 'ships'],
      rows,
    ),
    ...plugins.map(valuesSection),
  ];
}

function presetsOf({ presets = {} }: PluginDefinition): [name: string, preset: Preset][] {
  return Object.entries(presets);
}

function valuesSection(plugin: PluginDefinition): string {
  const defaults = defaultsOf(plugin);
  const presets = presetsOf(plugin).map(
    ([name, preset]) => [name, new Map(leavesOf(settingsOf(preset)))] as const,
  );
  const keys = new Set(presets.flatMap(([, values]) => [...values.keys()]));
  const rows = [...keys].flatMap((key) => {
    const usual = defaults.get(key.replace(/\.\d+\./g, '.N.'));
    const groups = new Map<string, string[]>();
    for (const [name, values] of presets) {
      const value = values.get(key);
      if (value === undefined || value === usual) continue;
      groups.set(value, [...(groups.get(value) ?? []), name]);
    }
    if (groups.size === 0) return [];
    const texts = [...groups].map(
      ([value, names]) =>
        value +
        whose(
          names,
          presets.map(([name]) => name),
        ),
    );
    return [[code(key), texts.join('; ')]];
  });
  return `### Values of the presets of ${plugin.name}\n\n${table(['key', 'value: presets'], rows)}`;
}

/** The presets that have a value, in few words; none where all have it. */
function whose(names: readonly string[], all: readonly string[]): string {
  const others = all.filter((name) => !names.includes(name));
  if (others.length === 0) return '';
  if (others.length < names.length) return `: all but ${others.join(', ')}`;
  return `: ${names.join(', ')}`;
}

/** What a preset says of settings and sizes, by the names that the preset has for them. */
function settingsOf(preset: Preset): object {
  const { architecture, teacherSampling, methods, quick, adaptation, training } = preset;
  return { architecture, teacherSampling, adaptation, methods, quick, training };
}

/** What stands in the schemas for keys of `settingsOf`. */
function defaultsOf({ backbones = [] }: PluginDefinition): ReadonlyMap<string, string> {
  const schemas: (readonly [string, z.core.$ZodType])[] = [
    ...backbones.map(({ architectureSchema }) => ['architecture', architectureSchema] as const),
    ...BUILT_IN_METHODS.map(
      ({ name, settingsSchema }) => [`methods.${name}`, settingsSchema] as const,
    ),
    ['adaptation', adaptationSettingsSchema],
    ['training.tokenizer', supervisedSettingsSchema],
    ['training.teacher', supervisedSettingsSchema],
  ];
  return new Map(
    schemas.flatMap(([place, schema]) =>
      schemaRows(schema).flatMap(({ key, defaultValue }) =>
        defaultValue === undefined ? [] : [[`${place}.${key}`, defaultValue] as const],
      ),
    ),
  );
}

/** Values that hold no further keys, in Markdown, under their keys from the outside in. */
function leavesOf(value: unknown, key = ''): (readonly [key: string, text: string])[] {
  const isList = Array.isArray(value);
  const isLeaf = typeof value !== 'object' || (isList && typeof value[0] !== 'object');
  if (value === undefined || value === null) return [];
  if (isLeaf) {
    const text = valueCode(value);
    return [[key, isList && text.length > LONGEST_VALUE ? `list of ${value.length}` : text]];
  }
  return Object.entries(value).flatMap(([name, inner]) =>
    leavesOf(inner, key === '' ? name : `${key}.${name}`),
  );
}
