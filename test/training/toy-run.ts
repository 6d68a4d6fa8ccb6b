// A small distillation in a process of its own, for tests that interrupt or kill it:
//   node -C @ar-distill/source -r tools/jest/register.js test/training/toy-run.ts RUN_DIRECTORY
// Prints "<stage> <iteration>" after every step and "done" at the end.
import { existsSync } from 'node:fs';
import path from 'node:path';
import { distillGenerator, tuneNetwork } from '@ar-distill/core/methods';
import { createTeacherPool } from '@ar-distill/core/sampling';
import { createEngine } from '@ar-distill/engine';
import { plugin } from '@ar-distill/plugin-toy';
import { createRng } from '@ar-distill/program';
import { createRun, onInterrupt, openRun } from '@ar-distill/runs';

async function main(folder: string): Promise<void> {
  const preset = plugin.presets['toy-joint']!;
  const architecture = { ...preset.architecture, width: 32, heads: 2 };
  const settings = {
    ...preset.distillation,
    teacherPoolSize: 256,
    tuning: {
      ...preset.distillation.tuning,
      headIterations: 4,
      fullIterations: 8,
      batchSize: 32,
      accumulation: 2,
    },
    generatorIterations: 24,
    batchSize: 32,
    checkpointInterval: 5,
  };
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
  const rng = createRng(settings.seed);
  const teacher = plugin.createTeacher(architecture, preset.teacherSampling);
  const network = plugin.createNetwork(architecture);
  const subject = { teacher, teacherWeights: {}, network, settings };
  try {
    const pool = await createTeacherPool(
      { teacher, teacherWeights: {}, size: settings.teacherPoolSize, batchSize: 64 },
      engine,
      rng,
      environment,
    );
    const initial = await tuneNetwork({ ...subject, pool }, engine, rng, environment);
    const { average, raw } = await distillGenerator(
      { ...subject, initial, pool },
      engine,
      rng,
      environment,
    );
    await run.saveArrays('final-average', average);
    await run.saveArrays('final-raw', raw);
    process.stdout.write('done\n');
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
