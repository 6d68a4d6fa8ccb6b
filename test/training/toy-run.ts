// A small distillation in a process of its own, for tests that interrupt or kill it:
//   node -C @ar-distill/source -r tools/jest/register.js test/training/toy-run.ts RUN_DIRECTORY
// Prints "<stage> <iteration>" after every step and "done" at the end.
import { existsSync } from 'node:fs';
import path from 'node:path';
import { csd } from '@ar-distill/core/methods';
import { createEngine } from '@ar-distill/engine';
import { createRng } from '@ar-distill/program';
import { createRun, onInterrupt, openRun } from '@ar-distill/runs';
import { toyJoint } from '../toy/toy-joint';

async function main(folder: string): Promise<void> {
  const { subject } = toyJoint({ width: 32, heads: 2 }, ({ tuning }) => ({
    teacherPoolSize: 640,
    tuning: { ...tuning, headIterations: 4, fullIterations: 8, batchSize: 32, accumulation: 2 },
    generatorIterations: 24,
    batchSize: 32,
    checkpointInterval: 5,
  }));
  const engine = createEngine({ threads: 1 });
  const run = existsSync(path.join(folder, 'config.json'))
    ? await openRun(folder)
    : await createRun(path.dirname(folder), path.basename(folder).replace(/^\d+-/, ''), {});
  const interrupt = onInterrupt();
  const environment = {
    run,
    signal: interrupt.signal,
    progress: {
      update: ({ stage, done }: { stage: string; done: number }) =>
        void process.stdout.write(`${stage} ${done}\n`),
      message: () => undefined,
    },
  };
  const snapshots: number[] = [];
  const distillation = csd.start(subject, {
    compiler: engine,
    rng: createRng(subject.settings.seed),
    onSnapshot: async ({ iteration }) => void snapshots.push(iteration),
  });
  try {
    for (const stage of distillation.stages) await stage.run(environment);
    const { weights, iteration } = distillation.outcome();
    await run.saveArrays('final-average', weights);
    process.stdout.write(`snapshots ${snapshots.join(' ')}\n`);
    process.stdout.write(`done ${iteration}\n`);
  } catch (error) {
    if (!interrupt.signal.aborted) throw error;
    process.exitCode = 130;
  } finally {
    interrupt.dispose();
    await run.close();
    await engine.dispose();
  }
}

void main(process.argv[2]!);
