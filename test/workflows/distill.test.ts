import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { readSafetensors } from '@ar-distill/checkpoints';
import { TrainingInterruptedError } from '@ar-distill/core/optimization';
import { plugin as toy, THREE_TOKEN_JOINT, toyArchitectureSchema } from '@ar-distill/plugin-toy';
import { distill, InvalidOptionError, type WorkflowEvent } from '@ar-distill/workflows';
import { pluginContainer } from '../plugin-container';
import { TINY_SETTINGS } from './tiny-models';
import { eventsOf, printedBy } from './watching';

const toyJoint = toy.presets!['toy-joint']!;
/** The preset with a network that draws the samples of its report in seconds. */
const architecture = toyArchitectureSchema.parse({ ...THREE_TOKEN_JOINT, width: 8, heads: 2 });
const container = pluginContainer({
  ...toy,
  presets: { 'toy-joint': { ...toyJoint, architecture } },
});
const root = mkdtempSync(path.join(tmpdir(), 'ar-distill-distill-'));
const options = { preset: 'toy-joint', settings: TINY_SETTINGS };
const MINUTES = 300_000;

afterAll(async () => {
  await container.dispose();
  rmSync(root, { recursive: true, force: true });
});

/** Distils into a folder of that name; what it told, gave and printed. */
async function distillTo(name: string) {
  const events: WorkflowEvent[] = [];
  const { value, printed } = await printedBy(() =>
    distill(
      container,
      { ...options, out: path.join(root, name), report: false },
      { onEvent: (event) => events.push(event) },
    ),
  );
  return { result: value, events, printed };
}

it(
  'returns what it made, tells how far it is, and prints nothing',
  async () => {
    const { result, events, printed } = await distillTo('whole');
    expect(printed).toBe('');
    expect(result).toEqual({
      run: path.join(root, 'whole', '00000-toy-joint'),
      weights: path.join(root, 'whole', '00000-toy-joint', 'generator.safetensors'),
    });
    expect(eventsOf(events, 'run')).toEqual([
      { kind: 'run', path: result.run, command: 'distill' },
    ]);
    const progress = eventsOf(events, 'progress');
    expect([...new Set(progress.map(({ stage }) => stage))]).toEqual([
      'teacher-pool',
      'tuning-head',
      'tuning',
      'distillation',
    ]);
    const updates = progress.filter(({ stage }) => stage === 'distillation');
    expect(updates.map(({ done, total }) => [done, total])).toEqual([
      [1, 4],
      [2, 4],
      [3, 4],
      [4, 4],
    ]);
    const { metadata } = await readSafetensors(result.weights);
    expect(metadata).toMatchObject({ kind: 'generator', plugin: 'toy', preset: 'toy-joint' });
    expect(JSON.parse(metadata['provenance']!)).toMatchObject({
      method: 'csd',
      generatorIterations: 4,
    });
  },
  MINUTES,
);

it(
  'measures the result, and resumes a finished run to do just that',
  async () => {
    const { result } = await distillTo('measured');
    const before = readFileSync(result.weights);
    const { report, run } = await distill(container, { resume: result.run });
    expect(run).toBe(result.run);
    expect(readFileSync(result.weights)).toEqual(before);
    if (report?.kind !== 'sequences') throw new Error('The toy has no images.');
    expect(JSON.parse(readFileSync(report.file, 'utf8'))).toEqual(report.results);
    const page = readFileSync(path.join(run, 'report.html'), 'utf8');
    expect(page).toContain('<td>DD2 generator</td>');
    expect(page.match(/<svg/g)).toHaveLength(3);
    const { teacher, ...others } = report.results;
    // Sixteen sequences cannot show how likely each of the 64 is.
    expect(teacher!['totalVariation']).toBeGreaterThan(0.05);
    expect(Object.keys(others).length).toBeGreaterThan(0);
    for (const { totalVariation } of Object.values(others)) {
      expect(totalVariation).toBeGreaterThan(0);
      expect(totalVariation).toBeLessThanOrEqual(1);
    }
  },
  MINUTES,
);

it(
  'ends with the same weights when it is interrupted and resumed',
  async () => {
    const whole = await distillTo('uninterrupted');
    const controller = new AbortController();
    let run = '';
    const stopped = distill(
      container,
      { ...options, out: path.join(root, 'interrupted'), report: false },
      {
        signal: controller.signal,
        onEvent: (event) => {
          if (event.kind === 'run') run = event.path;
          if (event.kind === 'progress' && event.stage === 'distillation' && event.done === 3) {
            controller.abort();
          }
        },
      },
    );
    await expect(stopped).rejects.toThrow(TrainingInterruptedError);
    expect(existsSync(path.join(run, 'generator.safetensors'))).toBe(false);
    const done: number[] = [];
    const resumed = await distill(
      container,
      { resume: run, report: false },
      {
        onEvent: (event) => {
          if (event.kind === 'progress' && event.stage === 'distillation') done.push(event.done);
        },
      },
    );
    expect(done).toEqual([4]);
    const [{ tensors }, expected] = [
      await readSafetensors(resumed.weights),
      await readSafetensors(whole.result.weights),
    ];
    expect(tensors).toEqual(expected.tensors);
  },
  MINUTES,
);

it.each([
  [{ bachSize: 4 }, 'The setting "bachSize" of the method "csd" is not a known key', 'batchSize'],
  [
    { tuning: { headIteration: 4 } },
    'The setting "tuning.headIteration" of the method "csd" is not a known key',
    'tuning.headIterations',
  ],
])('refuses the settings %j before a run directory is made', async (settings, sentence, meant) => {
  const out = path.join(root, 'refused');
  const distilled = distill(container, { ...options, settings, out });
  await expect(distilled).rejects.toThrow(InvalidOptionError);
  await expect(distilled).rejects.toThrow(`${sentence}: did you mean "${meant}"?`);
  expect(existsSync(out)).toBe(false);
});

it.each([
  [{ method: 'csb' }, 'There is no distillation method "csb": did you mean "csd"?'],
  [{ preset: 'toy-join' }, 'There is no preset "toy-join": did you mean "toy-joint"?'],
  [{ preset: undefined }, 'Nothing says which preset to work on: name one.'],
  [{ settings: { batchSize: 0 } }, 'The setting "batchSize" of the method "csd" is wrong: '],
])('refuses %j before a run directory is made', async (wrong, sentence) => {
  const out = path.join(root, 'refused');
  await expect(distill(container, { ...options, ...wrong, out })).rejects.toThrow(sentence);
  expect(existsSync(out)).toBe(false);
});
