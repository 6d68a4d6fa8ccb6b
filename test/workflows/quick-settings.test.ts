import type { PluginDefinition } from '@ar-distill/core';
import { csd, type DistillationSettings } from '@ar-distill/core/methods';
import { plugin as llamagen } from '@ar-distill/plugin-llamagen';
import { plugin as toy } from '@ar-distill/plugin-toy';
import { plugin as varPlugin } from '@ar-distill/plugin-var';
import { resolveSettings } from '../../packages/workflows/src/settings/resolve-settings';

const presets = [varPlugin, llamagen, toy].flatMap(({ presets = {} }: PluginDefinition) =>
  Object.entries(presets),
);

/** The settings of a quick run of the preset. */
function quickSettings([name, preset]: (typeof presets)[number]): DistillationSettings {
  const layers = [csd.quickSettings, preset.quick?.[csd.name]];
  const { settingsSchema } = csd;
  return resolveSettings(name, settingsSchema, preset.methods[csd.name], ...layers);
}

test.each(presets)('a quick run of %s has settings that fit together', (...preset) => {
  const settings = quickSettings(preset);
  expect(() => csd.plan!(settings)).not.toThrow();
  // Fewer where 120 take more than three minutes.
  expect(settings.generatorIterations).toBe(preset[0] === 'mnist-var' ? 100 : 120);
});

test.each(presets.filter(([name]) => name.startsWith('mnist-')))(
  'a quick run of %s has small batches and a pool for its report',
  (...preset) => {
    const { batchSize, tuning, teacherPoolSize } = quickSettings(preset);
    expect([batchSize, tuning.batchSize]).toEqual([32, 32]);
    expect(teacherPoolSize).toBeGreaterThanOrEqual(1000);
  },
);
