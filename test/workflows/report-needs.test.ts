import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import type { Metric, PluginDefinition } from '@ar-distill/core';
import type { TypedContainer } from '@ar-distill/di';
import { plugin as mnist } from '@ar-distill/plugin-mnist';
import { plugin as llamagen } from '@ar-distill/plugin-llamagen';
import { plugin as toy } from '@ar-distill/plugin-toy';
import { plugin as varPlugin } from '@ar-distill/plugin-var';
import {
  adapt,
  distill,
  type DistillOptions,
  evaluate,
  InvalidOptionError,
  type WorkflowEvent,
} from '@ar-distill/workflows';
import { tinyPlugin } from '../core/tiny-plugin';
import { pluginContainer } from '../plugin-container';
import { TINY_SETTINGS } from './tiny-models';
import { thirdPartyPlugin } from './third-party-plugin';
import { eventsOf } from './watching';

const root = mkdtempSync(path.join(tmpdir(), 'report-needs-'));
const out = path.join(root, 'refused');
const MINUTES = 300_000;
/** A metric of somebody else that needs more images than ours do. */
const steady: Metric = {
  name: 'steady',
  title: 'steady',
  summary: 'nothing',
  unit: 'number',
  decimals: 0,
  better: 'higher',
  needs: ['pool'],
  fewestImages: (classes) => 15 * classes,
  compute: () => ({ steady: 1 }),
};
let ours: TypedContainer;
let theirs: TypedContainer;

beforeAll(async () => {
  ours = pluginContainer(varPlugin, llamagen, mnist, toy);
  const foreign = await thirdPartyPlugin(root);
  const { colour } = foreign.presets!;
  const evaluation = { featureNetwork: 'moments', metrics: ['steady'] };
  const measured: PluginDefinition = {
    ...foreign,
    metrics: [...foreign.metrics!, steady],
    presets: { ...foreign.presets, measured: { ...colour!, evaluation } },
  };
  theirs = pluginContainer(tinyPlugin, measured);
});
afterAll(async () => {
  await ours.dispose();
  await theirs.dispose();
  rmSync(root, { recursive: true, force: true });
});

const pool = (teacherPoolSize: number) => ({ settings: { teacherPoolSize } });

it.each<[string, DistillOptions, string]>([
  [
    '300 sequences',
    { preset: 'mnist-var', ...pool(200) },
    'is 200 where the report of "mnist-var" needs 300 or more',
  ],
  ['the last one', { preset: 'mnist-var', ...pool(299) }, 'needs 300 or more'],
  ['a quick run', { preset: 'mnist-var', quick: true, ...pool(7) }, 'needs 300 or more'],
  ['16 positions', { preset: 'mnist-llamagen', ...pool(159) }, 'needs 160 or more'],
  [
    'few samples',
    { preset: 'mnist-var', samples: 3 },
    'The metric "diversity" needs 11 images or more, not 3: raise the number of samples.',
  ],
  [
    'memory',
    { preset: 'toy-joint', ...pool(1e15) },
    'A "teacherPoolSize" of 1000000000000000 would',
  ],
  [
    'pairs of another method',
    { preset: 'toy-joint', method: 'dd1', settings: { pairs: 1e15 } },
    'A "pairs" of 1000000000000000 would take',
  ],
  [
    'micro-batches',
    { preset: 'mnist-var', report: false, settings: { accumulation: 3 } },
    'must be a multiple of accumulation (3)',
  ],
])('a distillation is refused before there is a run: %s', async (_, options, sentence) => {
  const refused = distill(ours, { ...options, out });
  await expect(refused).rejects.toThrow(InvalidOptionError);
  await expect(refused).rejects.toThrow(sentence);
  expect(existsSync(out)).toBe(false);
});

it('a metric of a plugin says itself how many images it needs', async () => {
  const few = distill(theirs, { preset: 'measured', samples: 14, out });
  await expect(few).rejects.toThrow('The metric "steady" needs 15 images or more, not 14');
  const small = distill(theirs, { preset: 'measured', ...pool(8), out });
  await expect(small).rejects.toThrow(
    'The setting "teacherPoolSize" is 8 where the report of "measured" needs 15 or more: raise it, or leave the report out.',
  );
  expect(existsSync(out)).toBe(false);
});

it.each([
  [evaluate, { preset: 'mnist-var', samples: 10 }, 'diversity" needs 11 images or more, not 10'],
  [adapt, { preset: 'mnist-llamagen', samples: 2 }, 'diversity" needs 11 images or more, not 2'],
] as const)(
  'other commands that measure refuse too few as well (%#)',
  async (work, options, sentence) => {
    const refused = work(ours, { ...options, out });
    await expect(refused).rejects.toThrow(InvalidOptionError);
    await expect(refused).rejects.toThrow(sentence);
    expect(existsSync(out)).toBe(false);
  },
);

it('a feature network that does not open is said before anything is drawn or trained', async () => {
  const foreign = await thirdPartyPlugin(root);
  const open = () => Promise.reject(new Error('Its weights are gone: fetch them.'));
  const featureNetworks = foreign.featureNetworks!.map((network) => ({ ...network, open }));
  const container = pluginContainer(tinyPlugin, { ...foreign, featureNetworks });
  const told: WorkflowEvent[] = [];
  const onEvent = (event: WorkflowEvent): void => void told.push(event);
  const preset = 'colour';
  await expect(distill(container, { preset, out }, { onEvent })).rejects.toThrow('are gone: fetch');
  await expect(evaluate(container, { preset, teacher: true }, { onEvent })).rejects.toThrow(
    'are gone: fetch',
  );
  await container.dispose();
  expect(told.filter(({ kind }) => kind === 'progress' || kind === 'run')).toEqual([]);
  expect(existsSync(out)).toBe(false);
});

it(
  'small pools do where nothing of the kind is measured, and where there is no report',
  async () => {
    const settings = { ...TINY_SETTINGS, teacherPoolSize: 5 };
    const measured = await distill(ours, {
      preset: 'toy-joint',
      settings,
      report: false,
      out: root,
    });
    expect(existsSync(measured.weights)).toBe(true);
    const small = { preset: 'measured', ...pool(8), report: false, out: root };
    expect(existsSync((await distill(theirs, small)).weights)).toBe(true);
  },
  MINUTES,
);

it(
  'a row that the preset itself has too small a pool for is left out, which is said before',
  async () => {
    const { colour } = (await thirdPartyPlugin(root)).presets!;
    const settings = { ...(colour!.methods['csd'] as object), teacherPoolSize: 4 };
    const modest = { ...colour!, methods: { csd: settings } };
    const foreign = await thirdPartyPlugin(root);
    const container = pluginContainer(tinyPlugin, { ...foreign, presets: { modest } });
    const events: WorkflowEvent[] = [];
    const { report } = await distill(
      container,
      { preset: 'modest', out: root },
      { onEvent: (event) => events.push(event) },
    );
    await container.dispose();
    if (report?.kind !== 'images') throw new Error('It can be measured.');
    expect(report.rows.map(({ name }) => name)).not.toContain('onestep* (independent tokens)');
    const said = events.findIndex(
      (event) => event.kind === 'message' && event.text.includes('will leave out onestep*'),
    );
    expect(said).toBeGreaterThanOrEqual(0);
    expect(said).toBeLessThan(events.findIndex(({ kind }) => kind === 'run'));
    expect(eventsOf(events, 'run')).toHaveLength(1);
  },
  MINUTES,
);
