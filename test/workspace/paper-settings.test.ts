import { readFileSync } from 'node:fs';
import path from 'node:path';
import type { PluginDefinition, Preset } from '@ar-distill/core';
import {
  adaptationSettingsSchema,
  dd1SettingsSchema,
  type DistillationSettings,
  distillationSettingsSchema,
} from '@ar-distill/core/methods';
import { plugin as llamagen } from '@ar-distill/plugin-llamagen';
import { plugin as varPlugin } from '@ar-distill/plugin-var';

const page = readFileSync(path.join(__dirname, '../../docs/paper-settings.md'), 'utf8');
const [heading, , ...rows] = page
  .split('\n')
  .filter((line) => line.startsWith('|'))
  .map((line) =>
    line
      .split('|')
      .map((cell) => cell.trim())
      .slice(1, -2),
  );
const models = heading!.slice(1).map((cell) => cell.replaceAll('`', ''));
const presets: Readonly<Record<string, Preset>> = {
  ...(varPlugin as PluginDefinition).presets,
  ...(llamagen as PluginDefinition).presets,
};

/** Guidance updates of phase `number`; undefined where there is none. */
function guidanceUpdates(settings: DistillationSettings, number: number): number | undefined {
  const phase = settings.phases[number - 1];
  if (!phase) return undefined;
  const { generatorIterations, guidanceUpdates } = { ...settings, ...phase };
  return (
    (generatorIterations ?? settings.generatorIterations) *
    (guidanceUpdates ?? settings.guidanceUpdates)
  );
}

/** Rows that add something up. */
const SUMS: Readonly<Record<string, (settings: DistillationSettings) => number | undefined>> = {
  'guidance updates of phase 1': (settings) => guidanceUpdates(settings, 1),
  'of them warm-up': (settings) => settings.warmUpFraction * guidanceUpdates(settings, 1)!,
  'guidance updates of phase 3': (settings) => guidanceUpdates(settings, 3),
};

function valueOf(name: string, model: string): unknown {
  const preset = presets[model]!;
  const settings = distillationSettingsSchema.parse(preset.methods['csd']);
  const sum = SUMS[name];
  if (sum) return sum(settings);
  const all = {
    ...settings,
    teacherSampling: preset.teacherSampling,
    adaptation: preset.adaptation && adaptationSettingsSchema.parse(preset.adaptation),
    dd1: dd1SettingsSchema.parse(preset.methods['dd1']),
  };
  return name
    .replaceAll('`', '')
    .split('.')
    .reduce<unknown>(
      (value, key) => (typeof value === 'object' && value ? Reflect.get(value, key) : undefined),
      all,
    );
}

function written(cell: string): unknown {
  if (cell === '–') return undefined;
  if (cell === 'true') return true;
  return Number.isNaN(Number(cell)) ? cell : Number(cell);
}

it('has a row for every kind of number', () => {
  expect(models).toEqual(['var-d16', 'var-d20', 'var-d24', 'llamagen-L']);
  expect(rows.length).toBeGreaterThan(35);
});

it.each(rows.map(([name, ...cells]) => [name!, cells] as const))('%s', (name, cells) => {
  const found = models.map((model) => valueOf(name, model));
  const expected = cells.map(written);
  for (const [i, value] of expected.entries()) {
    if (typeof value === 'number') expect(found[i]).toBeCloseTo(value, 9);
    else expect(found[i]).toBe(value);
  }
});
