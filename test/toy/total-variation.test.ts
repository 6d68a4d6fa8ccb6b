import { csd } from '@ar-distill/core/methods';
import type { TrainingEnvironment } from '@ar-distill/core/optimization';
import { createEngine } from '@ar-distill/engine';
import { toyBackbone } from '@ar-distill/plugin-toy';
import { createRng } from '@ar-distill/program';
import { toyJoint } from './toy-joint';

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
  const engine = createEngine({ worker: false, threads: 1 });
  const { subject, architecture } = toyJoint({ width: 64, heads: 2 }, ({ tuning }) => ({
    teacherPoolSize: 4096,
    tuning: { ...tuning, fullIterations: 400, batchSize: 128 },
    generatorIterations: 500,
    batchSize: 128,
    generatorLearningRate: 6e-4,
    guidanceLearningRate: 1.5e-3,
    emaDecay: 0.99,
  }));
  const rng = createRng(subject.settings.seed);
  const distillation = csd.start(subject, { compiler: engine, rng });
  for (const stage of distillation.stages) await stage.run(environment);

  const distances: Record<string, number> = {};
  for (const { name, open } of distillation.outcome().rows) {
    const sampler = await open(engine, SAMPLES);
    const drawn = await sampler.sample(subject.teacher.condition.inTurn(0, SAMPLES), rng, 0);
    await sampler.dispose();
    const figures = toyBackbone.measureSequences!(architecture, drawn.sequence);
    distances[name] = figures['totalVariation']!;
  }
  await engine.dispose();
  expect(distances['one step before distillation']).toBeGreaterThan(0.5);
  expect(distances['AR-diffusion initialisation']).toBeLessThan(0.2);
  expect(distances['AR-diffusion initialisation, 1 Euler step']).toBeGreaterThan(0.3);
  const planned = csd.plan!(subject.settings).rows!;
  expect(planned.map(({ name }) => name)).toEqual(Object.keys(distances));
  expect(distances['DD2 generator']).toBeLessThan(0.25);
  expect(distances['DD2 generator, raw weights']).toBeLessThan(0.35);
}, 600_000);
