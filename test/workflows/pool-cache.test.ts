import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { readSafetensors } from '@ar-distill/checkpoints';
import { PLAIN_SAMPLING } from '@ar-distill/core';
import type { TypedContainer } from '@ar-distill/di';
import { initializeParameters } from '@ar-distill/nn';
import { createRng } from '@ar-distill/program';
import { loadModel, saveModel } from '@ar-distill/runs';
import { distill, type DistillOptions, type WorkflowEvent } from '@ar-distill/workflows';
import { TinyTeacher } from '../core/tiny-plugin';
import { pluginContainer } from '../plugin-container';
import { tinyImagePlugin } from './tiny-models';
import { eventsOf } from './watching';

const MINUTES = 300_000;
let root = '';
let poolCache = '';
let container: TypedContainer;

/** Distils the tiny preset; `stop` ends it with the first event that it holds for. */
async function distilled(
  options: DistillOptions,
  stop: (event: WorkflowEvent) => boolean = () => false,
) {
  const events: WorkflowEvent[] = [];
  const interruption = new AbortController();
  const onEvent = (event: WorkflowEvent): void => {
    events.push(event);
    if (stop(event)) interruption.abort();
  };
  const work = distill(
    container,
    { preset: 'pixels', report: false, out: root, ...options },
    { onEvent, signal: interruption.signal },
  );
  const error: unknown = await work.then(
    () => undefined,
    (thrown: unknown) => thrown,
  );
  const run = eventsOf(events, 'run')[0]?.path ?? '';
  return {
    error,
    run,
    messages: eventsOf(events, 'message').map(({ text }) => text),
    stages: [...new Set(eventsOf(events, 'progress').map(({ stage }) => stage))],
    pool: () => readFileSync(path.join(run, 'arrays/teacher-pool.safetensors')),
    generator: async () => (await readSafetensors(path.join(run, 'generator.safetensors'))).tensors,
  };
}

const keys = () => readdirSync(poolCache).sort();
const partsOf = (key: string) => readdirSync(path.join(poolCache, key)).sort();
const runs = () => readdirSync(root).filter((name) => /^\d{5}-/.test(name)).length;

beforeAll(async () => {
  root = mkdtempSync(path.join(tmpdir(), 'pool-cache-'));
  poolCache = path.join(root, 'cache');
  container = pluginContainer(await tinyImagePlugin(root));
});
afterEach(() => rmSync(poolCache, { recursive: true, force: true }));
afterAll(async () => {
  await container.dispose();
  rmSync(root, { recursive: true, force: true });
});

it(
  'gives later runs the sequences of the first, and all the bits that they have without it',
  async () => {
    const alone = await distilled({});
    const first = await distilled({ poolCache });
    const second = await distilled({ poolCache });
    expect(first.stages).toContain('teacher-pool');
    expect(second.stages).not.toContain('teacher-pool');
    expect(second.messages).toContain('16 of the 16 sequences of "teacher-pool" are in the cache.');
    for (const cached of [first, second]) {
      expect(cached.pool()).toEqual(alone.pool());
      expect(await cached.generator()).toEqual(await alone.generator());
    }
    expect(keys()).toHaveLength(1);
    expect(partsOf(keys()[0]!)).toEqual(['teacher-pool-by-16-from-0.safetensors']);
    const stage1 = await distilled({ poolCache, stage1: first.run });
    expect(String(stage1.error)).toBe(
      `InvalidOptionError: The teacher's sequences of "${first.run}" are used again: leave "poolCache" out.`,
    );
    // Of another size they are not those of the other run.
    const larger = { stage1: first.run, settings: { teacherPoolSize: 20 } };
    expect((await distilled({ poolCache, ...larger })).error).toBeUndefined();
    expect(keys()).toHaveLength(1);
  },
  MINUTES,
);

it(
  'keeps those of other seeds, samplings and weights apart',
  async () => {
    const teacher = path.join(root, 'other.safetensors');
    const shipped = await loadModel(path.join(root, 'teacher.safetensors'), 'teacher');
    const { parameterSpecs } = new TinyTeacher(PLAIN_SAMPLING);
    const tensors = initializeParameters(parameterSpecs, createRng(2));
    await saveModel(teacher, { ...shipped, tensors });
    const choices: DistillOptions[] = [{}, { settings: { seed: 1 } }, { topK: 2 }, { teacher }];
    const begun = (event: WorkflowEvent) =>
      event.kind === 'progress' && event.stage !== 'teacher-pool';
    for (const [i, options] of choices.entries()) {
      const { stages } = await distilled({ poolCache, ...options }, begun);
      expect(stages).toContain('teacher-pool');
      expect(keys()).toHaveLength(i + 1);
    }
    // What the sequences do not depend on is not part of the key, nor where the weights lie.
    const moved = path.join(root, 'moved.safetensors');
    await saveModel(moved, { ...shipped, tensors });
    for (const options of [{ settings: { objective: 'dmd' } }, { teacher: moved }]) {
      const { stages } = await distilled({ poolCache, ...options }, begun);
      expect(stages).not.toContain('teacher-pool');
    }
  },
  MINUTES,
);

it(
  'goes on with what an interrupted run had drawn, and a run with its own when the cache is gone',
  async () => {
    const settings = { teacherPoolSize: 600 };
    const atFirst = (event: WorkflowEvent) => event.kind === 'progress';
    const stopped = await distilled({ poolCache, settings }, atFirst);
    expect(String(stopped.error)).toContain('after iteration 256 of 600');
    const key = keys()[0]!;
    expect(partsOf(key)).toEqual(['teacher-pool-by-256-from-0.safetensors']);
    const tuning = (event: WorkflowEvent) => event.kind === 'progress' && event.stage === 'tuning';
    const other = await distilled({ poolCache, settings }, tuning);
    expect(other.messages).toContain(
      '256 of the 600 sequences of "teacher-pool" are in the cache.',
    );
    expect(partsOf(key)).toHaveLength(2);
    rmSync(poolCache, { recursive: true });
    // The one has all of the pool, the other draws it again.
    const resumed = await distilled({ resume: other.run });
    expect(resumed.stages).not.toContain('teacher-pool');
    expect(existsSync(poolCache)).toBe(false);
    const again = await distilled({ resume: stopped.run });
    expect(again.stages).toContain('teacher-pool');
    expect(partsOf(key)).toEqual(['teacher-pool-by-256-from-0.safetensors']);
    const alone = await distilled({ settings });
    for (const ended of [resumed, again]) {
      expect(ended.error).toBeUndefined();
      expect(await ended.generator()).toEqual(await alone.generator());
    }
    const elsewhere = await distilled({ resume: other.run, poolCache: path.join(root, 'else') });
    expect(String(elsewhere.error)).toContain(
      `The run "${other.run}" has its teacher's sequences already: leave "poolCache" out.`,
    );
    // What it was started with is no change.
    expect((await distilled({ resume: other.run, poolCache })).error).toBeUndefined();
  },
  MINUTES,
);

it(
  'is checked before there is a run: a damaged part, and what is no folder',
  async () => {
    await distilled({ poolCache });
    const part = path.join(poolCache, keys()[0]!, 'teacher-pool-by-16-from-0.safetensors');
    const bytes = readFileSync(part);
    bytes[bytes.length - 1]! ^= 1;
    writeFileSync(part, bytes);
    const before = runs();
    expect(String((await distilled({ poolCache })).error)).toBe(
      `Error: "${part}" is damaged, as its checksum shows: delete it, and its sequences are drawn anew.`,
    );
    expect(String((await distilled({ poolCache: part })).error)).toContain(
      'where a folder is needed',
    );
    expect(runs()).toBe(before);
    rmSync(part);
    expect((await distilled({ poolCache })).error).toBeUndefined();
  },
  MINUTES,
);
