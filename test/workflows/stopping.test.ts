import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { readSafetensors } from '@ar-distill/checkpoints';
import type { TypedContainer } from '@ar-distill/di';
import {
  distill,
  evaluate,
  InvalidOptionError,
  measureSpeed,
  sample,
  type WorkflowOptions,
} from '@ar-distill/workflows';
import { tinyPlugin } from '../core/tiny-plugin';
import { pluginContainer } from '../plugin-container';
import { thirdPartyPlugin } from './third-party-plugin';

const root = mkdtempSync(path.join(tmpdir(), 'stopping-'));
const MINUTES = 300_000;
const preset = 'colour';
let container: TypedContainer;
let run: string;
let weights: string;

beforeAll(async () => {
  container = pluginContainer(tinyPlugin, await thirdPartyPlugin(root));
  ({ run, weights } = await distill(container, { preset, samples: 16, report: false, out: root }));
}, MINUTES);
afterAll(async () => {
  await container.dispose();
  rmSync(root, { recursive: true, force: true });
});

/** Stops when something of that stage is done; how often it went on after that. */
function stopAt(stage: RegExp): WorkflowOptions & { readonly later: string[] } {
  const controller = new AbortController();
  const later: string[] = [];
  return {
    later,
    signal: controller.signal,
    onEvent: (event) => {
      if (event.kind !== 'progress') return;
      if (controller.signal.aborted) later.push(event.stage);
      if (stage.test(event.stage)) controller.abort();
    },
  };
}

it.each([
  ['sample', /^sample$/, { count: 300 }, sample],
  ['evaluate', /^sample$/, { samples: 600 }, evaluate],
  ['measureSpeed', /^speed/, {}, measureSpeed],
] as const)('%s stops where it is when its signal is aborted', async (_, stage, options, work) => {
  const stopping = stopAt(stage);
  const stopped = work(container, { preset, weights, ...options }, stopping);
  await expect(stopped).rejects.toMatchObject({ name: 'AbortError' });
  expect(stopping.later).toEqual([]);
});

it(
  'a report stops where it is, and is written when the run is resumed',
  async () => {
    const stopping = stopAt(/^AR teacher$/);
    await expect(distill(container, { resume: run }, stopping)).rejects.toMatchObject({
      name: 'AbortError',
    });
    expect(stopping.later).toEqual([]);
    expect(existsSync(path.join(run, 'report.md'))).toBe(false);
    const { report } = await distill(container, { resume: run });
    expect(existsSync(report!.file)).toBe(true);
  },
  MINUTES,
);

it(
  'a pool goes on where it was stopped, to the same generator',
  async () => {
    const settings = { teacherPoolSize: 3000 };
    const started = { preset, settings, report: false };
    const whole = await distill(container, { ...started, out: path.join(root, 'whole') });
    const out = path.join(root, 'pool');
    const stopped = distill(container, { ...started, out }, stopAt(/^teacher-pool$/));
    await expect(stopped).rejects.toThrow(
      'Interrupted after iteration 256 of 3000 of the stage "teacher-pool"; it is saved.',
    );
    const [folder = ''] = readdirSync(out);
    const done: number[] = [];
    const resumed = await distill(
      container,
      { resume: path.join(out, folder), report: false },
      {
        onEvent: (event) => {
          if (event.kind === 'progress' && event.stage === 'teacher-pool') done.push(event.done);
        },
      },
    );
    expect(done[0]).toBe(512);
    const pool = 'arrays/teacher-pool.safetensors';
    expect(readFileSync(path.join(resumed.run, pool))).toEqual(
      readFileSync(path.join(whole.run, pool)),
    );
    expect((await readSafetensors(resumed.weights)).tensors).toEqual(
      (await readSafetensors(whole.weights)).tensors,
    );
    expect(readdirSync(path.join(resumed.run, 'arrays'))).toEqual(
      readdirSync(path.join(whole.run, 'arrays')),
    );
  },
  MINUTES,
);

it.each([
  [{ samples: 0 }, 'The number of samples must be a whole number above 0, not 0.'],
  [{ samples: NaN }, 'not NaN'],
  [{ teacher: '/no/teacher' }, 'There is no file or folder "/no/teacher": name a teacher'],
  [{ method: 'csb' }, 'There is no distillation method "csb": did you mean "csd"?'],
  [{ tokenizer: '/no/tokenizer' }, 'There is no file or folder "/no/tokenizer"'],
])('%p is refused before a run directory is made', async (options, sentence) => {
  const out = path.join(root, 'refused');
  const refused = distill(container, { preset, out, ...options });
  await expect(refused).rejects.toThrow(InvalidOptionError);
  await expect(refused).rejects.toThrow(sentence);
  expect(existsSync(out)).toBe(false);
});

it.each([
  [sample, { seed: -1 }],
  [sample, { classes: [NaN] }],
  [evaluate, { samples: 0 }],
  [evaluate, { seed: 0.5 }],
  [measureSpeed, { seed: 2 ** 53 }],
] as const)('a wrong option is an InvalidOptionError (%#)', async (work, options) => {
  await expect(work(container, { preset, weights, ...options })).rejects.toThrow(
    InvalidOptionError,
  );
});
