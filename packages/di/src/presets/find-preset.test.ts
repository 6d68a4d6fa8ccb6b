import { definePlugin, distillationSettingsSchema, type Preset } from '@ar-distill/core';
import { z } from 'zod';
import type { InstalledPlugin } from '../discovery/load-plugin';
import { findPreset } from './find-preset';

const preset: Preset<unknown> = {
  summary: '',
  architecture: {},
  teacherSampling: { guidanceScale: 0, topK: 0, topP: 1, temperature: 1 },
  distillation: distillationSettingsSchema.parse({
    teacherPoolSize: 1,
    tuning: { headIterations: 0, fullIterations: 0, batchSize: 1, learningRate: 1 },
    generatorIterations: 0,
    batchSize: 1,
    generatorLearningRate: 1,
    guidanceLearningRate: 1,
  }),
};

function refuse(): never {
  throw new Error('The search creates no networks.');
}

function installed(name: string, ...presetNames: string[]): InstalledPlugin {
  const definition = definePlugin<unknown>({
    name,
    summary: '',
    architectureSchema: z.unknown(),
    presets: Object.fromEntries(presetNames.map((presetName) => [presetName, preset])),
    createTeacher: refuse,
    createNetwork: refuse,
  });
  return {
    packageName: name,
    directory: '',
    requiredFrom: '',
    request: '',
    version: '1.0.0',
    definition,
  };
}

const plugins = [installed('var', 'mnist-var', 'shared'), installed('toy', 'joint', 'shared')];

describe('findPreset', () => {
  it('finds the plugin by the name of the preset', () => {
    expect(findPreset(plugins, 'joint')).toMatchObject({
      plugin: { name: 'toy' },
      presetName: 'joint',
    });
  });

  it('takes a plugin name in front', () => {
    expect(findPreset(plugins, 'toy:shared').plugin.name).toBe('toy');
  });

  it.each([
    ['shared', 'Several plugins have a preset "shared"; write "var:shared" or "toy:shared".'],
    ['nope', 'No plugin has a preset "nope"; there are mnist-var, shared, joint, shared.'],
    ['toy:nope', 'The plugin "toy" does not have a preset "nope"; there are joint, shared.'],
    ['mar:x', 'No plugin "mar" is installed; installed: var, toy.'],
    ['toString', 'No plugin has a preset "toString"; there are mnist-var, shared, joint, shared.'],
  ])('explains why %s is none', (reference, sentence) => {
    expect(() => findPreset(plugins, reference)).toThrow(sentence);
  });

  it('says how to get a plugin when there is none', () => {
    expect(() => findPreset([], 'mnist-var')).toThrow(/no plugin is installed; install one/);
  });
});
