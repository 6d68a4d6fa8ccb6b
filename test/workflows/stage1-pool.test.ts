import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { readSafetensors } from '@ar-distill/checkpoints';
import type { TypedContainer } from '@ar-distill/di';
import { distill, type DistillOptions, type WorkflowEvent } from '@ar-distill/workflows';
import { pluginContainer } from '../plugin-container';
import { tinyImagePlugin } from './tiny-models';
import { eventsOf } from './watching';

const root = mkdtempSync(path.join(tmpdir(), 'stage1-pool-'));
const MINUTES = 300_000;
let container: TypedContainer;
let first: string;

/** Distils the tiny preset; the run, what it said, and the stages in which it did something. */
async function distilled(options: DistillOptions) {
  const events: WorkflowEvent[] = [];
  const { run, weights } = await distill(
    container,
    { preset: 'pixels', report: false, out: root, ...options },
    { onEvent: (event) => events.push(event) },
  );
  return {
    run,
    tensors: (await readSafetensors(weights)).tensors,
    messages: eventsOf(events, 'message').map(({ text }) => text),
    stages: new Set(eventsOf(events, 'progress').map(({ stage }) => stage)),
  };
}

const poolOf = (run: string) => readFileSync(path.join(run, 'arrays/teacher-pool.safetensors'));

beforeAll(async () => {
  container = pluginContainer(await tinyImagePlugin(root));
  ({ run: first } = await distilled({}));
}, MINUTES);
afterAll(async () => {
  await container.dispose();
  rmSync(root, { recursive: true, force: true });
});

it(
  'is used again with the weights that were tuned on it, and gives the same generator',
  async () => {
    const again = await distilled({ stage1: first, settings: { objective: 'dmd' } });
    expect(again.messages).toContain(`The teacher's sequences of "${first}" are used again.`);
    expect([...again.stages]).toEqual(['distillation']);
    expect(poolOf(again.run)).toEqual(poolOf(first));
    // Whoever draws them anew gets the same ones.
    const anew = await distilled({ settings: { objective: 'dmd' } });
    expect(anew.stages).toContain('teacher-pool');
    expect(again.tensors).toEqual(anew.tensors);
  },
  MINUTES,
);

it.each([
  [{ seed: 1 }, '"seed" is 1 here and 0'],
  [{ teacherPoolSize: 20 }, '"teacherPoolSize" is 20 here and 16'],
])(
  'is drawn anew for %j, which says why',
  async (settings, reason) => {
    const { messages, stages, run } = await distilled({ stage1: first, settings });
    expect(messages).toContain(`The teacher's sequences are drawn anew: ${reason} in "${first}".`);
    expect([...stages]).toEqual(['teacher-pool', 'distillation']);
    expect(poolOf(run)).not.toEqual(poolOf(first));
  },
  MINUTES,
);

it(
  'is drawn anew when the run does not say how its teacher sampled, or had it sample otherwise',
  async () => {
    const file = path.join(first, 'config.json');
    const config: unknown = JSON.parse(readFileSync(file, 'utf8'));
    if (typeof config !== 'object' || !config) throw new Error('A config is an object.');
    const options = { stage1: first };
    for (const [teacherSampling, reason] of [
      [undefined, `"${first}" does not say the sampling of the teacher that it had.`],
      [{ guidanceScale: 0, topK: 3, topP: 1, temperature: 1 }, 'the sampling of the teacher is {'],
    ] as const) {
      writeFileSync(file, JSON.stringify({ ...config, teacherSampling }));
      const { messages } = await distilled(options);
      expect(messages.join('\n')).toContain(`The teacher's sequences are drawn anew: ${reason}`);
    }
    writeFileSync(file, JSON.stringify(config));
    expect(existsSync(file)).toBe(true);
  },
  MINUTES,
);
