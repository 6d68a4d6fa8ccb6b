import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { setTimeout } from 'node:timers/promises';
import type { MethodStage } from '@ar-distill/core';
import { float32, tensorSource } from '@ar-distill/program';
import { createRun, openRun, type Run } from '@ar-distill/runs';
import { runStages } from './run-stages';

const root = mkdtempSync(path.join(tmpdir(), 'run-stages-'));
afterAll(() => rmSync(root, { recursive: true, force: true }));

/** A stage that takes so many milliseconds, and then ends or fails. */
function stage(name: string, milliseconds: number, failure?: Error): MethodStage {
  return {
    name,
    title: name,
    work: 1,
    run: async () => {
      await setTimeout(milliseconds);
      if (failure) throw failure;
    },
  };
}

const runIn = (run: Run, ...stages: readonly MethodStage[]) =>
  runStages(stages, {
    run,
    progress: { update: () => undefined, message: () => undefined },
    signal: new AbortController().signal,
  });

it('counts the time before interruptions, and not that of reading a result again', async () => {
  const run = await createRun(root, 'interrupted', {});
  const stopped = new Error('stopped');
  await expect(runIn(run, stage('pool', 300, stopped))).rejects.toBe(stopped);
  await expect(runIn(run, stage('pool', 300, stopped))).rejects.toBe(stopped);
  await run.close();
  const resumed = await openRun(run.path);
  const { pool } = await runIn(resumed, stage('pool', 10));
  expect(pool).toBeGreaterThan(0.6);
  const again = await runIn(resumed, stage('pool', 100), stage('next', 50));
  expect(again['pool']).toBe(pool);
  expect(again['next']).toBeGreaterThan(0.04);
  await resumed.close();
});

it('keeps the time of what is saved, for the case that the process is killed', async () => {
  const run = await createRun(root, 'killed', {});
  let kept: unknown;
  const saving: MethodStage = {
    ...stage('pool', 0),
    run: async (environment) => {
      await setTimeout(100);
      await environment.run.saveArrays('pool-from-0', {});
      kept = JSON.parse(readFileSync(path.join(run.path, 'stages.json'), 'utf8'));
    },
  };
  await runIn(run, saving);
  expect(kept).toEqual({ pool: { seconds: expect.any(Number), finished: false } });
  expect((kept as { pool: { seconds: number } }).pool.seconds).toBeGreaterThan(0.09);
  await run.close();
});

it('takes the time of a training from its metrics', async () => {
  const run = await createRun(root, 'trained', {});
  run.logMetrics({ stage: 'tuning', iteration: 1, seconds: 70 });
  run.logMetrics({ stage: 'tuning', iteration: 2, seconds: 140 });
  expect(await runIn(run, stage('tuning', 1))).toEqual({ tuning: 140 });
  await run.close();
});

it('makes a lost result again and keeps the checkpoint of the stage that the run is in', async () => {
  const value = (n: number) => ({ x: float32([], Float32Array.of(n)) });
  const training = (name: string, update = (): void => undefined): MethodStage => ({
    ...stage(name, 0),
    run: async ({ run, signal }) => {
      if (await run.loadArrays(name)) return;
      const done = (await run.loadCheckpoint())?.stage === name ? 1 : 0;
      for (let iteration = done + 1; iteration <= 2; iteration++) {
        update();
        run.logMetrics({ stage: name, iteration, seconds: iteration });
        await run.saveCheckpoint({ stage: name, iteration, cursor: {}, tensors: tensorSource(value(iteration)) });
        if (signal.aborted) throw new Error(`${name} is saved`);
      }
      await run.saveArrays(name, value(2));
    },
  });
  const run = await createRun(root, 'lost', {});
  await runIn(run, training('tuning'));
  const stopped = new Error('stopped');
  await run.saveCheckpoint({ stage: 'distillation', iteration: 7, cursor: {}, tensors: tensorSource(value(7)) });
  await run.removeArrays('tuning');
  const controller = new AbortController();
  const interrupted = runStages([training('tuning', () => controller.abort(stopped))], {
    run,
    progress: { update: () => undefined, message: () => undefined },
    signal: controller.signal,
  });
  await expect(interrupted).rejects.toBe(stopped);
  let updates = 0;
  await runIn(run, training('tuning', () => void updates++));
  expect(updates).toBe(2);
  expect((await run.loadArrays('tuning'))!['x']!.data[0]).toBe(2);
  expect(await run.loadCheckpoint()).toMatchObject({ stage: 'distillation', iteration: 7 });
  expect(await run.readMetrics()).toHaveLength(2);
  await run.close();
});

it.each(['{', '[]', '{"pool": {"seconds": -1, "finished": true}}'])(
  'names a file of times that holds %s',
  async (text) => {
    const run = await createRun(root, 'damaged', {});
    writeFileSync(path.join(run.path, 'stages.json'), text);
    await expect(runIn(run, stage('pool', 1))).rejects.toThrow(
      /stages\.json" is damaged: delete it, and the run forgets how long it took\.$/,
    );
    await run.close();
  },
);
