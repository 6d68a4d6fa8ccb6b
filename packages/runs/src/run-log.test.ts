import type { ProgressUpdate } from '@ar-distill/core';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { loggedProgress } from './logged-progress';
import { createRun, openRun } from './run-directory';

let root: string;
beforeEach(() => {
  root = mkdtempSync(path.join(tmpdir(), 'run-log-'));
});
afterEach(() => rmSync(root, { recursive: true, force: true }));

interface Line {
  readonly level: string;
  readonly time: string;
  readonly pid: number;
  readonly msg: string;
  readonly [field: string]: unknown;
}

function linesOf(folder: string): Line[] {
  const text = readFileSync(path.join(folder, 'log.jsonl'), 'utf8');
  expect(text.endsWith('\n')).toBe(true);
  return text
    .trimEnd()
    .split('\n')
    .map((line) => JSON.parse(line) as Line);
}

const tensors = { w: { dtype: 'float32', shape: [1], data: Float32Array.of(1) } } as const;

describe('the log of a run', () => {
  it('says what happened and when, and goes on when the run is resumed', async () => {
    const before = Date.now();
    const run = await createRun(root, 'a', { command: 'distill' });
    await run.saveCheckpoint({
      stage: 'gts',
      iteration: 3,
      cursor: {},
      tensors: {
        specs: { w: { dtype: 'float32', shape: [1] } },
        read: async () => ({ w: tensors.w }),
      },
    });
    await run.close();
    const again = await openRun(run.path);
    await again.loadCheckpoint();
    await again.close();

    const lines = linesOf(run.path);
    expect(lines.map(({ msg }) => msg)).toEqual([
      'opened',
      'checkpoint saved',
      'closed',
      'opened',
      'checkpoint loaded',
      'closed',
    ]);
    expect(lines[1]).toMatchObject({ level: 'info', stage: 'gts', iteration: 3, pid: process.pid });
    expect(lines[4]).toMatchObject({ stage: 'gts', iteration: 3 });
    const times = lines.map(({ time }) => Date.parse(time));
    expect(times).toEqual([...times].sort((a, b) => a - b));
    expect(times[0]).toBeGreaterThanOrEqual(before);
    expect(times.at(-1)).toBeLessThanOrEqual(Date.now());
  });

  it('is on disk at once, with errors and their causes', async () => {
    const run = await createRun(root, 'a', {});
    run.log.failed(new RangeError('Too far.', { cause: new Error('Out of fuel.') }));
    const { level, msg, error } = linesOf(run.path).at(-1)!;
    expect([level, msg]).toEqual(['error', 'failed']);
    expect(error).toMatchObject({
      type: 'RangeError',
      message: 'Too far.',
      stack: expect.stringContaining('run-log.test'),
      cause: { message: 'Out of fuel.' },
    });
    await run.close();
  });

  it('ends with the run', async () => {
    const run = await createRun(root, 'a', {});
    await run.close();
    run.log.info('late');
    run.log.failed(new Error('late'));
    await run.close();
    expect(linesOf(run.path).map(({ msg }) => msg)).toEqual(['opened', 'closed']);
  });

  it('leaves the metrics alone', async () => {
    const run = await createRun(root, 'a', {});
    run.logMetrics({ loss: 1 });
    run.log.info('between');
    run.logMetrics({ loss: 2 });
    expect(await run.readMetrics()).toEqual([{ loss: 1 }, { loss: 2 }]);
    await run.close();
  });
});

describe('loggedProgress', () => {
  it('keeps stages and messages, and passes everything on', async () => {
    const run = await createRun(root, 'a', {});
    const passed: (ProgressUpdate | string)[] = [];
    const progress = loggedProgress(
      { update: (update) => passed.push(update), message: (text) => passed.push(text) },
      run.log,
    );
    const updates: readonly ProgressUpdate[] = [
      { stage: 'gts', done: 1, total: 2, metrics: { loss: 2 } },
      { stage: 'gts', done: 2, total: 2, metrics: { loss: 1 } },
      { stage: 'sample', done: 5, total: 5, metrics: {} },
      { stage: 'sample', done: 5, total: 5, metrics: {} },
    ];
    progress.update(updates[0]!);
    progress.message('Careful.');
    for (const update of updates.slice(1)) progress.update(update);
    await run.close();
    expect(passed).toEqual([updates[0], 'Careful.', ...updates.slice(1)]);
    const lines = linesOf(run.path).slice(1, -1);
    expect(lines.map(({ msg, stage, text }) => [msg, stage ?? text])).toEqual([
      ['stage begun', 'gts'],
      ['message', 'Careful.'],
      ['stage done', 'gts'],
      ['stage begun', 'sample'],
      ['stage done', 'sample'],
      ['stage begun', 'sample'],
      ['stage done', 'sample'],
    ]);
    expect(lines[2]).toMatchObject({ total: 2, metrics: { loss: 1 } });
    expect(lines[2]!['seconds']).toBeGreaterThanOrEqual(0);
  });
});
