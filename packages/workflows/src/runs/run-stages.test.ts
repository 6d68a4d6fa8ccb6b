import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { setTimeout } from 'node:timers/promises';
import type { MethodStage } from '@ar-distill/core';
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

it('takes the time of a training from its metrics', async () => {
  const run = await createRun(root, 'trained', {});
  run.logMetrics({ stage: 'tuning', iteration: 1, seconds: 70 });
  run.logMetrics({ stage: 'tuning', iteration: 2, seconds: 140 });
  expect(await runIn(run, stage('tuning', 1))).toEqual({ tuning: 140 });
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
