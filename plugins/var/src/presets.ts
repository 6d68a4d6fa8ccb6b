import path from 'node:path';
import type { Preset, TeacherSamplingOptions } from '@ar-distill/core';
import {
  type Dd1Settings,
  dd1SettingsSchema,
  type DistillationSettings,
  distillationSettingsSchema,
  paperDistillation,
  type PaperModel,
} from '@ar-distill/core/methods';
import { supervisedSettingsSchema } from '@ar-distill/core/optimization';
import { type VarArchitecture, varArchitectureSchema } from './architecture';

/** Name of the backbone, whose presets these are. */
export const BACKBONE = 'var';

const PATCH_NUMS_256 = [1, 2, 3, 4, 5, 6, 8, 10, 13, 16];
const PATCH_NUMS_512 = [1, 2, 3, 4, 6, 9, 13, 18, 24, 32];

/** `build_vae_var` of VAR's models/__init__.py: heads = depth, width = 64·depth. */
function official(
  depth: number,
  options: { patchNums?: number[]; imageSize?: number; sharedAdaLn?: boolean } = {},
): VarArchitecture {
  return varArchitectureSchema.parse({
    patchNums: options.patchNums ?? PATCH_NUMS_256,
    vocabSize: 4096,
    channels: 32,
    numClasses: 1000,
    width: 64 * depth,
    depth,
    heads: depth,
    sharedAdaLn: options.sharedAdaLn ?? false,
    tokenizer: { imageSize: options.imageSize ?? 256 },
  });
}

/** Settings with which DD2 samples VAR teachers and forms their score (appendix E.3). */
const paperSampling: TeacherSamplingOptions = {
  guidanceScale: 2,
  topK: 900,
  topP: 0.95,
  temperature: 1,
};

/** Of d16; the others differ from it (DD2, appendix E). */
const paperModel: PaperModel = {
  tuning: { headIterations: 300_000, fullIterations: 30_000, learningRate: 2e-4 },
  generatorIterations: 8_000,
  guidanceUpdates: 5,
  batchSize: 512,
  generatorLearningRate: 2e-4,
  guidanceLearningRate: 2e-4,
  // 40k guidance updates, the whole of d16's first phase.
  warmUpFraction: 1,
};

/**
 * Performance alignment (DD2, Algorithm 3): the guidance network alone follows the averaged generator, then
 * both go on with K = 2. The paper says nothing of another warm-up, so there is none.
 */
function aligned(generatorIterations: number): PaperModel['phases'] {
  return [
    {},
    { trains: 'guidance', guidanceIterations: 8_000, fromAverage: true, warmUpFraction: 0 },
    { generatorIterations, guidanceUpdates: 2, warmUpFraction: 0 },
  ];
}

const d16 = paperDistillation({ ...paperModel, phases: aligned(7_500) });
const d20 = paperDistillation({
  ...paperModel,
  generatorIterations: 16_000,
  warmUpFraction: 0.5,
  phases: aligned(18_000),
});
const d24 = paperDistillation({
  ...paperModel,
  tuning: { ...paperModel.tuning, headIterations: 200_000 },
  generatorIterations: 15_000,
  guidanceUpdates: 2,
  batchSize: 1024,
  generatorLearningRate: 5e-5,
  guidanceLearningRate: 4e-4,
  warmUpFraction: 2 / 3,
});

/**
 * Distilled Decoding 1 (arXiv 2412.17153). Its authors have released how their networks are sampled, but not how
 * they are trained: the AR steps are those of the release, the numbers of the training those of DD2's first
 * stage, which trains the same transformer, with as many pairs as its pool has sequences.
 */
function distilledDecoding1(steps: number): Dd1Settings {
  return dd1SettingsSchema.parse({
    pairs: 16_384,
    iterations: 300_000,
    batchSize: 512,
    learningRate: 2e-4,
    secondStart: steps,
    codeSteps: steps,
    checkpointInterval: 1000,
  });
}

const mnistArchitecture = varArchitectureSchema.parse({
  patchNums: [1, 2, 3, 4],
  vocabSize: 128,
  channels: 8,
  numClasses: 10,
  width: 128,
  depth: 4,
  heads: 4,
  tokenizer: {
    imageSize: 32,
    imageChannels: 1,
    baseChannels: 16,
    channelMultipliers: [1, 1, 2, 4],
    residualBlocks: 1,
    attention: false,
    groups: 8,
  },
});

/** Weights that ship with the package; this file is one level below its root, built or not. */
function asset(kind: string): string {
  return path.join(__dirname, '..', 'assets', 'mnist', `${kind}.safetensors`);
}

const mnist: Preset<VarArchitecture> = {
  summary: 'MNIST, 32×32, 30 tokens over 4 scales: trains on a laptop CPU',
  backbone: BACKBONE,
  architecture: mnistArchitecture,
  teacherSampling: { guidanceScale: 0.35, topK: 0, topP: 1, temperature: 1 },
  methods: {
    csd: distillationSettingsSchema.parse({
      teacherPoolSize: 10_000,
      tuning: {
        headIterations: 100,
        fullIterations: 1100,
        batchSize: 64,
        learningRate: 5e-4,
        noiseDraws: 2,
      },
      generatorIterations: 1400,
      guidanceUpdates: 2,
      batchSize: 64,
      guidanceNoiseDraws: 2,
      // docs/choices.md has what these three are better than.
      generatorNoiseDraws: 4,
      timesteps: { distribution: 'logit-normal' },
      sidAlpha: 1.05,
      generatorLearningRate: 3e-4,
      guidanceLearningRate: 8e-4,
      warmUpFraction: 0.02,
      emaDecay: 0.995,
    }),
    dd1: dd1SettingsSchema.parse({
      pairs: 10_000,
      iterations: 3000,
      batchSize: 64,
      learningRate: 5e-4,
      warmUpFraction: 0.02,
      secondStart: 2,
      codeSteps: 2,
      emaDecay: 0.995,
    }),
  },
  // More updates in the same time, of which a short run has too few; 120 would take more than 3 minutes.
  quick: {
    csd: {
      tuning: { fullIterations: 100, batchSize: 32 },
      generatorIterations: 100,
      batchSize: 32,
      checkpointInterval: 50,
    },
  },
  dataset: 'mnist',
  evaluation: { featureNetwork: 'mnist-classifier' },
  training: {
    tokenizer: supervisedSettingsSchema.parse({
      iterations: 2000,
      batchSize: 64,
      learningRate: 2e-3,
      emaDecay: 0.99,
    }),
    teacher: supervisedSettingsSchema.parse({
      iterations: 5000,
      batchSize: 64,
      learningRate: 1e-3,
      weightDecay: 0.05,
      emaDecay: 0.999,
    }),
  },
  weights: {
    tokenizer: asset('tokenizer'),
    teacher: asset('teacher'),
    generator: asset('generator'),
  },
};

function imagenet(
  summary: string,
  architecture: VarArchitecture,
  distillation: DistillationSettings,
  dd1: Dd1Settings,
): Preset<VarArchitecture> {
  return {
    summary,
    backbone: BACKBONE,
    architecture,
    teacherSampling: paperSampling,
    methods: { csd: distillation, dd1 },
  };
}

/** Presets by name. d30 and d36 are not in the paper and use the settings of d24. */
export const presets: Readonly<Record<string, Preset<VarArchitecture>>> = {
  'mnist-var': mnist,
  'var-d16': imagenet('VAR-d16, ImageNet 256×256', official(16), d16, distilledDecoding1(5)),
  'var-d20': imagenet('VAR-d20, ImageNet 256×256', official(20), d20, distilledDecoding1(4)),
  'var-d24': imagenet('VAR-d24, ImageNet 256×256', official(24), d24, distilledDecoding1(4)),
  'var-d30': imagenet(
    'VAR-d30, ImageNet 256×256 (not in the paper)',
    official(30),
    d24,
    distilledDecoding1(4),
  ),
  'var-d36': imagenet(
    'VAR-d36, ImageNet 512×512 (not in the paper)',
    official(36, { patchNums: PATCH_NUMS_512, imageSize: 512, sharedAdaLn: true }),
    d24,
    distilledDecoding1(4),
  ),
};
