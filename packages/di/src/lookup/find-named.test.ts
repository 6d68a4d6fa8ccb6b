import type { Backbone, Preset } from '@ar-distill/core';
import { z } from 'zod';
import { BACKBONES, PLUGINS, PRESETS } from '../container/tokens';
import { TypedContainer } from '../container/typed-container';
import { findNamed } from './find-named';
import { findPreset } from './find-preset';
import { nearestName } from './nearest-name';

describe('nearestName', () => {
  it.each([
    ['tread', 'threads'],
    ['BATCHSIZE', 'batchSize'],
    ['sed', 'seed'],
    ['xyz', undefined],
    // Two fifths of five letters are two edits, of seven too, of three one.
    ['thrds', 'threads'],
    ['thXXX', undefined],
    ['sXX', undefined],
    ['seXX', undefined],
    // Two edits of four letters, but one slip of the fingers.
    ['sede', 'seed'],
    ['htreads', 'threads'],
    ['deesX', undefined],
    ['', undefined],
  ])('%s → %s', (word, expected) => {
    expect(nearestName(word, ['threads', 'batchSize', 'seed'])).toBe(expected);
  });

  it('takes the first of names that are as near, and an exact one over them', () => {
    expect(nearestName('sead', ['send', 'seed'])).toBe('send');
    expect(nearestName('SEED', ['send', 'Seed'])).toBe('Seed');
    expect(nearestName('seed', [])).toBeUndefined();
  });
});

describe('findNamed', () => {
  const all = [{ name: 'digits' }, { name: 'faces' }];

  it('finds', () => expect(findNamed('data set', all, 'faces')).toBe(all[1]));

  it.each([
    ['digit', 'There is no data set "digit": did you mean "digits"?'],
    ['letters', 'There is no data set "letters": known are digits, faces.'],
  ])('explains why %s is none', (name, sentence) => {
    expect(() => findNamed('data set', all, name)).toThrow(sentence);
  });

  it('says when there are none at all', () => {
    expect(() => findNamed('metric', [], 'x')).toThrow('no installed plugin brings any');
  });
});

function refuse(): never {
  throw new Error('The search creates no networks.');
}

const backbone: Backbone = {
  name: 'linear',
  summary: '',
  architectureSchema: z.unknown(),
  createTeacher: refuse,
  createNetwork: refuse,
};

function preset(of: string): Preset {
  return {
    summary: '',
    backbone: of,
    architecture: {},
    teacherSampling: { guidanceScale: 0, topK: 0, topP: 1, temperature: 1 },
    methods: {},
  };
}

function containerWith(presets: Readonly<Record<string, readonly string[]>>): TypedContainer {
  const container = new TypedContainer();
  container.registerValue(BACKBONES, { name: 'linear', plugin: 'one', value: backbone });
  for (const [plugin, names] of Object.entries(presets)) {
    container.registerValue(PLUGINS, {
      packageName: plugin,
      directory: '',
      requiredFrom: '',
      request: '',
      version: '1.0.0',
      definition: { contractVersion: 2, name: plugin, summary: '' },
    });
    for (const name of names) {
      const value = preset(name === 'orphan' ? 'missing' : 'linear');
      container.registerValue(PRESETS, { name, plugin, value });
    }
  }
  return container;
}

describe('findPreset', () => {
  const container = containerWith({ one: ['small', 'shared'], two: ['joint', 'shared', 'orphan'] });

  it('finds a preset by its name, in another plugin than its backbone', () => {
    expect(findPreset(container, 'joint')).toMatchObject({
      name: 'joint',
      plugin: 'two',
      backbone: { name: 'linear' },
    });
  });

  it('takes a plugin name in front', () => {
    expect(findPreset(container, 'two:shared').plugin).toBe('two');
  });

  it.each([
    ['shared', 'Several plugins have a preset "shared": write "one:shared" or "two:shared".'],
    ['smal', 'There is no preset "smal": did you mean "small"?'],
    ['two:nothing', 'There is no preset "nothing": known are joint, orphan, shared.'],
    ['three:small', 'There is no plugin "three": known are one, two.'],
    ['toString', 'There is no preset "toString": known are'],
    [
      'orphan',
      'The preset "orphan" needs the backbone "missing": install the plugin that brings it.',
    ],
  ])('explains why %s is none', (reference, sentence) => {
    expect(() => findPreset(container, reference)).toThrow(sentence);
  });

  it('says how to get a plugin when there is none', () => {
    expect(() => findPreset(containerWith({}), 'small')).toThrow(/no plugin is installed: install/);
  });
});
