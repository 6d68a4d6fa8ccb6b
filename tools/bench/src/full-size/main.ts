import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import { median } from '../compare';
import { findPython } from '../find-python';
import { compiledSampling, type SamplingSide } from './compiled-sampling';
import { FULL_SIZE_MODELS, TASKS, type Task } from './families';
import { officialSampling } from './official-sampling';
import {
  measureTraining,
  TRAINING_TASKS,
  type TrainingFigures,
  type TrainingTask,
} from './training-steps';

const USAGE = `Usage: main.ts MODEL [TASK] --checkpoints DIR [--official CHECKOUT] [--pairs 3] [--threads 2]
Models: ${Object.keys(FULL_SIZE_MODELS).join(', ')}. Tasks: ${TASKS.join(', ')} (an image each; without a task both),
${TRAINING_TASKS.join(', ')} (training steps at micro-batch 1).`;

/** Images before those that count. */
const WARM_UP = 1;
/** Threads that wait busily after one side's image have gone to sleep by then. */
const PAUSE_MS = 200;

async function main(): Promise<void> {
  const { values, positionals } = parseArgs({
    allowPositionals: true,
    options: {
      checkpoints: { type: 'string' },
      official: { type: 'string' },
      pairs: { type: 'string', default: '3' },
      threads: { type: 'string', default: '2' },
      help: { type: 'boolean', default: false },
    },
  });
  if (values.help) {
    console.log(USAGE);
    return;
  }
  const [name = '', task] = positionals;
  const model = FULL_SIZE_MODELS[name];
  if (!model || !values.checkpoints) throw new Error(USAGE);
  const missing = Object.values(model.files).find(
    (file) => !existsSync(join(values.checkpoints!, file)),
  );
  if (missing) {
    throw new Error(
      `"${values.checkpoints}" has no ${missing}: write it with tools/official-checkpoints, or fetch the official one.`,
    );
  }
  if (task === undefined) {
    for (const each of TASKS) runAlone(each);
    return;
  }
  const options = { checkpoints: values.checkpoints, threads: Number(values.threads) };
  if (isTrainingTask(task)) {
    reportTraining(name, task, await measureTraining(model, task, options));
    return;
  }
  if (!isTask(task)) throw new Error(`There is no task "${task}".\n${USAGE}`);
  const started = performance.now();
  const compiled = await compiledSampling(model, task, options);
  console.log(`\n${name}, ${task}: loaded and compiled in ${seconds(performance.now() - started)}`);
  const python = values.official === undefined ? undefined : findPython();
  if (values.official !== undefined && !python) {
    console.log('  No Python here imports torch: only the compiled side is measured (set PYTHON).');
  }
  const official =
    python &&
    (await officialSampling(model, task, { ...options, python, checkout: values.official! }));
  try {
    await compare(official ? [compiled, official] : [compiled], Number(values.pairs));
  } finally {
    await compiled.close();
    await official?.close();
  }
}

function isTask(name: string): name is Task {
  return TASKS.some((task) => task === name);
}

function isTrainingTask(name: string): name is TrainingTask {
  return TRAINING_TASKS.some((task) => task === name);
}

function reportTraining(
  name: string,
  task: TrainingTask,
  { seconds: times, contents, between, peak }: TrainingFigures,
): void {
  console.log(`\n${name}, ${task}, micro-batch 1`);
  for (const [program, time] of Object.entries(times))
    console.log(`  ${time.toFixed(1)} s  ${program}`);
  for (const [what, bytes] of Object.entries(contents))
    console.log(`  ${gibibytes(bytes)}  ${what}`);
  console.log(`  ${gibibytes(between)}  resident between steps`);
  console.log(`  ${gibibytes(peak)}  peak`);
}

/** A process per task: peaks of memory would hide each other in one. */
function runAlone(task: Task): void {
  const [model, ...rest] = process.argv.slice(2);
  const { status } = spawnSync(
    process.execPath,
    [...process.execArgv, __filename, model!, task, ...rest],
    { stdio: 'inherit' },
  );
  if (status !== 0) throw new Error(`The measurement of "${task}" ended with code ${status}.`);
}

/** Both sides in turns; prints medians and their ratio. */
async function compare(sides: readonly SamplingSide[], pairs: number): Promise<void> {
  const totals: number[][] = sides.map(() => []);
  const parts: { sequence: number; decode: number }[][] = sides.map(() => []);
  for (let i = 0; i < pairs + WARM_UP; i++) {
    for (const [at, side] of sides.entries()) {
      await setTimeout(PAUSE_MS);
      const { sequence, decode } = await side.image();
      if (i < WARM_UP) continue;
      totals[at]!.push(sequence + decode);
      parts[at]!.push({ sequence, decode });
    }
  }
  for (const [at, side] of sides.entries()) {
    const middle = (part: 'sequence' | 'decode'): string =>
      seconds(median(parts[at]!.map((measured) => measured[part])));
    const peak = gibibytes(await side.peakMemory());
    console.log(
      `  ${side.name.padEnd(18)} ${seconds(median(totals[at]!))} an image ` +
        `(sequence ${middle('sequence')}, decode ${middle('decode')}), peak ${peak}`,
    );
  }
  const [ours, theirs] = totals.map(median);
  if (theirs !== undefined) console.log(`  ratio ${(theirs / ours!).toFixed(2)}`);
}

function gibibytes(bytes: number): string {
  return `${(bytes / 2 ** 30).toFixed(2)} GiB`;
}

function seconds(milliseconds: number): string {
  return `${(milliseconds / 1000).toFixed(2)} s`;
}

main().catch((error: unknown) => {
  console.error(error instanceof Error ? error.message : error);
  process.exitCode = 1;
});
