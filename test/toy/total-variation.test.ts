import { ArDiffusionGenerator } from '@ar-distill/core';
import {
  distillationSettingsSchema,
  distillGenerator,
  tuneNetwork,
} from '@ar-distill/core/methods';
import type { TrainingEnvironment } from '@ar-distill/core/optimization';
import { createTeacherPool } from '@ar-distill/core/sampling';
import { createEngine } from '@ar-distill/engine';
import { plugin } from '@ar-distill/plugin-toy';
import { createRng, float32, type HostTensors, int32 } from '@ar-distill/program';

const SAMPLES = 16384;

/** Nothing survives: the run is too short to be resumed. */
const environment: TrainingEnvironment = {
  run: {
    loadCheckpoint: () => Promise.resolve(undefined),
    saveCheckpoint: () => Promise.resolve(),
    logMetrics: () => undefined,
    saveArrays: () => Promise.resolve(),
    loadArrays: () => Promise.resolve(undefined),
  },
  progress: { update: () => undefined, message: () => undefined },
  signal: new AbortController().signal,
};

/**
 * The short version of the proof that conditional score distillation reaches the teacher's joint
 * distribution; `ar-distill distill --preset toy-joint` is the full one.
 */
it('distillation brings one-step samples close to the exact joint distribution', async () => {
  const engine = createEngine({ worker: false, threads: 2 });
  const preset = plugin.presets['toy-joint']!;
  const architecture = { ...preset.architecture, width: 64, heads: 2 };
  const teacher = plugin.createTeacher(architecture, preset.teacherSampling);
  const network = plugin.createNetwork(architecture);
  const settings = distillationSettingsSchema.parse({
    ...preset.distillation,
    teacherPoolSize: 4096,
    tuning: { ...preset.distillation.tuning, fullIterations: 400, batchSize: 128 },
    generatorIterations: 500,
    batchSize: 128,
    generatorLearningRate: 6e-4,
    guidanceLearningRate: 1.5e-3,
    emaDecay: 0.99,
  });
  const rng = createRng(settings.seed);
  const subject = { teacher, teacherWeights: {}, network, settings };
  const pool = await createTeacherPool(
    { teacher, teacherWeights: {}, size: settings.teacherPoolSize, batchSize: 512 },
    engine,
    rng,
    environment,
  );
  const initial = await tuneNetwork({ ...subject, pool }, engine, rng, environment);
  const { average } = await distillGenerator(
    { ...subject, initial, pool },
    engine,
    rng,
    environment,
  );

  const generator = new ArDiffusionGenerator(network);
  const noise = float32([SAMPLES, 3, 2], rng.normal('test/noise', 0, SAMPLES * 6));
  const distance = async (weights: Readonly<HostTensors>): Promise<number> => {
    const step = await engine.compile({
      name: 'samples',
      constants: weights,
      inputs: {
        noise: { shape: noise.shape, dtype: 'float32' },
        labels: { shape: [SAMPLES], dtype: 'int32' },
      },
      fn: ({ constants, inputs }) => ({
        outputs: { q: generator.generate(constants, inputs['noise']!, inputs['labels']!) },
      }),
    });
    const { q } = await step.run({ noise, labels: int32([SAMPLES], new Int32Array(SAMPLES)) });
    await step.dispose();
    return plugin.measureSequences!(architecture, q!)['totalVariation']!;
  };
  const start = await distance(initial);
  const end = await distance(average);
  await engine.dispose();
  expect(start).toBeGreaterThan(0.5);
  expect(end).toBeLessThan(0.25);
}, 240_000);
