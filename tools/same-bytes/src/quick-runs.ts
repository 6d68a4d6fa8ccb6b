import type { Tree } from './tree';

/** A short distillation of a preset, all settings written out. */
export interface QuickRun {
  readonly preset: string;
  /** Samples of the report, which is not made; it is part of a run's config. */
  readonly samples: number;
  /** Whether the preset makes images to sample afterwards. */
  readonly sampled: boolean;
  readonly settings: Tree;
  /** Settings of the adaptation of a teacher that reads tokens. */
  readonly adaptation?: Tree;
}

/** What every supervised training in these runs has. */
const SUPERVISED: Tree = {
  warmUpFraction: 0.05,
  finalLearningRateFraction: 0.01,
  weightDecay: 0,
  beta1: 0.9,
  beta2: 0.95,
  gradientClip: 1,
};

/** What was so before there was a choice. */
const WITHOUT_CHOICE: Tree = {
  phases: [{ trains: 'both', fromAverage: false }],
  initialization: { generator: 'tuned', guidance: 'tuned' },
  // Not read: no generator starts from it.
  regression: {
    pairs: 20000,
    solverSteps: 20,
    iterations: 3000,
    batchSize: 64,
    accumulation: 1,
    learningRate: 0.0005,
    ...SUPERVISED,
    emaDecay: 0.995,
  },
  timesteps: { distribution: 'uniform' },
  normalizeStepWeights: false,
  generatorNoiseDraws: 1,
  generatedPrefix: 'vectors',
};

/**
 * What `distill --quick` did at commit 4be762c, in the names of that commit. The values are kept for
 * ever, whatever becomes of the presets and of `--quick`: a renamed setting gets a line in `names.ts`.
 */
export const QUICK_RUNS: readonly QuickRun[] = [
  {
    preset: 'mnist-var',
    samples: 1000,
    sampled: true,
    settings: {
      teacherPoolSize: 2560,
      tuning: {
        headIterations: 10,
        fullIterations: 60,
        batchSize: 64,
        accumulation: 1,
        learningRate: 0.0005,
        loss: 'gts',
        noiseDraws: 2,
        emaDecay: 0.99,
        sequences: 'pool',
      },
      ...WITHOUT_CHOICE,
      generatorIterations: 60,
      guidanceUpdates: 1,
      batchSize: 64,
      accumulation: 1,
      guidanceNoiseDraws: 2,
      generatorLearningRate: 0.0003,
      guidanceLearningRate: 0.0008,
      initialLearningRate: 1e-6,
      warmUpFraction: 0.02,
      learningRateDecay: 'cosine',
      finalLearningRateFraction: 0.02,
      objective: 'sid',
      sidAlpha: 1,
      normalizer: 'sample',
      stepWeights: [1, 1],
      tMin: 0.01,
      emaDecay: 0.995,
      beta1: 0.9,
      beta2: 0.95,
      weightDecay: 0,
      gradientClip: 1,
      seed: 0,
      checkpointInterval: 30,
    },
  },
  {
    preset: 'mnist-llamagen',
    samples: 1000,
    sampled: true,
    settings: {
      teacherPoolSize: 2560,
      tuning: {
        headIterations: 10,
        fullIterations: 60,
        batchSize: 64,
        accumulation: 1,
        learningRate: 0.0005,
        loss: 'gts',
        noiseDraws: 2,
        emaDecay: 0.99,
        sequences: 'pool',
      },
      ...WITHOUT_CHOICE,
      generatorIterations: 60,
      guidanceUpdates: 1,
      batchSize: 64,
      accumulation: 1,
      guidanceNoiseDraws: 2,
      generatorLearningRate: 0.0003,
      guidanceLearningRate: 0.0008,
      initialLearningRate: 1e-6,
      warmUpFraction: 0.02,
      learningRateDecay: 'cosine',
      finalLearningRateFraction: 0.02,
      objective: 'sid',
      sidAlpha: 1,
      normalizer: 'sample',
      stepWeights: [1, 1],
      tMin: 0.01,
      emaDecay: 0.995,
      beta1: 0.9,
      beta2: 0.95,
      weightDecay: 0,
      gradientClip: 1,
      seed: 0,
      checkpointInterval: 30,
    },
    adaptation: {
      sequences: 2560,
      heldOut: 500,
      regression: {
        iterations: 500,
        learningRate: 0.01,
        ...SUPERVISED,
        emaDecay: 0,
      },
      fineTuning: {
        iterations: 30,
        batchSize: 64,
        learningRate: 2e-5,
        ...SUPERVISED,
        emaDecay: 0.99,
        targets: 'tokens',
      },
      seed: 0,
    },
  },
  {
    preset: 'toy-joint',
    samples: 1000,
    sampled: false,
    settings: {
      teacherPoolSize: 2560,
      tuning: {
        headIterations: 10,
        fullIterations: 60,
        batchSize: 256,
        accumulation: 1,
        learningRate: 0.001,
        loss: 'gts',
        noiseDraws: 4,
        emaDecay: 0.99,
        sequences: 'pool',
      },
      ...WITHOUT_CHOICE,
      generatorIterations: 60,
      guidanceUpdates: 1,
      batchSize: 256,
      accumulation: 1,
      guidanceNoiseDraws: 4,
      generatorLearningRate: 0.0003,
      guidanceLearningRate: 0.0008,
      initialLearningRate: 1e-6,
      warmUpFraction: 0.02,
      learningRateDecay: 'cosine',
      finalLearningRateFraction: 0.02,
      objective: 'sid',
      sidAlpha: 1,
      normalizer: 'sample',
      stepWeights: [1, 1],
      tMin: 0.01,
      emaDecay: 0.998,
      beta1: 0.9,
      beta2: 0.95,
      weightDecay: 0,
      gradientClip: 1,
      seed: 0,
      checkpointInterval: 30,
    },
  },
];
