import { adaptationSettingsSchema, distillationSettingsSchema } from '@ar-distill/core/methods';
import path from 'node:path';
import { checkRecorded, dialectOf, type SourceTree } from './dialect';
import { latestName, type NameTable } from './name-table';
import { NAMES } from './names';
import { QUICK_RUNS, type QuickRun } from './quick-runs';
import { openRevision } from './revision';
import { valueAt } from './tree';

const ROOT = path.resolve(__dirname, '../../..');

const treeOf = (files: Readonly<Record<string, string>>): SourceTree => ({
  read: async (file) => files[file],
});

const QUICK: QuickRun = {
  preset: 'p',
  samples: 10,
  sampled: true,
  settings: { seed: 0, tuning: { rate: 0.5, steps: [1, 2] } },
  adaptation: { sequences: 7 },
};

const TABLE: NameTable = {
  commands: [
    { source: 'new/main.ts', built: 'new/main.js' },
    { source: 'old/main.ts', built: 'old/main.js' },
  ],
  added: [
    {
      key: 'adaptation',
      since: { file: 'schema.ts', text: 'adaptation:' },
      instead: { quick: true },
    },
  ],
  settings: [
    {
      from: 'settings.tuning.rate',
      to: 'stages.tuning.learningRate',
      since: { file: 'schema.ts', text: 'learningRate' },
    },
  ],
  files: [],
  tensors: [],
};

describe('the dialect of a revision', () => {
  it('has the first names where nothing is marked', async () => {
    const tree = treeOf({ 'old/main.ts': '', 'schema.ts': '' });
    expect(await dialectOf(QUICK, TABLE, tree)).toEqual({
      entry: 'old/main.js',
      config: {
        preset: 'p',
        samples: 10,
        settings: QUICK.settings,
        quick: true,
        report: false,
        threads: 1,
      },
    });
  });

  it('has the new names that its files show', async () => {
    const tree = treeOf({
      'old/main.ts': '',
      'new/main.ts': '',
      'schema.ts': 'adaptation: x, learningRate: y',
    });
    expect(await dialectOf(QUICK, TABLE, tree)).toEqual({
      entry: 'new/main.js',
      config: {
        preset: 'p',
        samples: 10,
        settings: { seed: 0, tuning: { steps: [1, 2] } },
        stages: { tuning: { learningRate: 0.5 } },
        adaptation: { sequences: 7 },
        report: false,
        threads: 1,
      },
    });
  });

  it('needs a command', async () => {
    await expect(dialectOf(QUICK, TABLE, treeOf({}))).rejects.toThrow(
      'The revision has no new/main.ts or old/main.ts: add its command to the table of names.',
    );
  });

  it('is checked against what the run recorded', async () => {
    const dialect = await dialectOf(QUICK, TABLE, treeOf({ 'old/main.ts': '' }));
    const recorded = { command: 'distill', settings: QUICK.settings, adaptation: { sequences: 7 } };
    expect(() => checkRecorded(recorded, QUICK, dialect)).not.toThrow();
    expect(() => checkRecorded({ settings: { seed: 0 } }, QUICK, dialect)).not.toThrow();
    expect(() =>
      checkRecorded({ ...recorded, adaptation: { sequences: 8 } }, QUICK, dialect),
    ).toThrow(
      'The run used adaptation.sequences = 8, not 7: add what changed to the table of names.',
    );
    expect(() =>
      checkRecorded({ ...recorded, settings: { tuning: { steps: [1, 3] } } }, QUICK, dialect),
    ).toThrow('The run used settings.tuning.steps = [1,3], not [1,2]');
  });
});

describe('names', () => {
  it('follow all lines in their order', () => {
    const renames = [
      { from: 'a', to: 'b' },
      { from: 'b', to: 'c' },
      { from: 'x.*.w', to: 'y.*.weight' },
    ];
    expect(['a', 'b', 'c', 'd'].map((name) => latestName(name, renames))).toEqual([
      'c',
      'c',
      'c',
      'd',
    ]);
    expect(latestName('x.0.$&.w', renames)).toBe('y.0.$&.weight');
    expect(latestName('x.w', renames)).toBe('x.w');
  });
});

describe('the quick runs', () => {
  it.each(QUICK_RUNS.map((quick) => [quick.preset, quick] as const))(
    '%s leaves nothing to the defaults of this revision',
    async (_preset, quick) => {
      const revision = await openRevision(ROOT, ROOT, new AbortController().signal);
      const { config } = await dialectOf(quick, NAMES, revision);
      const settings = valueAt(config, 'settings');
      expect(distillationSettingsSchema.parse(settings)).toEqual(settings);
      if (!quick.adaptation) return;
      expect(adaptationSettingsSchema.parse(quick.adaptation)).toEqual(quick.adaptation);
    },
  );
});
