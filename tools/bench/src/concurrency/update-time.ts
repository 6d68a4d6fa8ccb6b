import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import {
  dialectOf,
  NAMES,
  QUICK_RUNS,
  runCommand,
  type QuickRun,
  type Revision,
} from '@ar-distill/same-bytes';
import { median } from '../compare';

/** The first update allocates; it is not timed. */
const UPDATES = 9;

/** Stages before the one that is timed are as short as they can be; they change nothing of an update. */
const SHORT = { teacherPoolSize: 256, generatorIterations: UPDATES, checkpointInterval: 1000 };

/** The quick settings of `mnist-var`, with a stage 2 of a few updates. */
function shortRun(): QuickRun {
  const quick = QUICK_RUNS.find(({ preset }) => preset === 'mnist-var');
  if (!quick) throw new Error('There are no quick settings of mnist-var.');
  const { settings } = quick;
  const tuning = { ...(settings['tuning'] as object), headIterations: 1, fullIterations: 1 };
  return { ...quick, settings: { ...settings, ...SHORT, tuning } };
}

/** Median seconds per update of stage 2 of a run on `threads` threads. */
export async function secondsPerUpdate(
  revision: Revision,
  threads: number,
  signal: AbortSignal,
): Promise<number> {
  const checkout = await revision.checkout();
  const { entry, config } = await dialectOf(shortRun(), NAMES, revision);
  const folder = await mkdtemp(path.join(tmpdir(), 'ar-distill-concurrency-'));
  try {
    const file = path.join(folder, 'config.json');
    await writeFile(file, JSON.stringify({ ...config, threads }));
    const out = path.join(folder, 'runs');
    await runCommand(
      process.execPath,
      [path.join(checkout, entry), 'distill', '--config', file, '--out', out],
      { cwd: checkout, signal },
    );
    const [run = ''] = await readdir(out);
    return medianStep(await readFile(path.join(out, run, 'metrics.jsonl'), 'utf8'));
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

/** Of the training log of a run: its records hold the seconds since a stage began. */
function medianStep(log: string): number {
  const seconds = log
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line) as { readonly stage: string; readonly seconds: number })
    .filter(({ stage }) => stage === 'distillation')
    .map((record) => record.seconds);
  if (seconds.length !== UPDATES) {
    throw new Error(`The run logged ${seconds.length} updates of stage 2 instead of ${UPDATES}.`);
  }
  return median(seconds.slice(1).map((time, i) => time - seconds[i]!));
}
