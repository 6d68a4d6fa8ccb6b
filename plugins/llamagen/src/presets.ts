import path from 'node:path';
import type { Preset, TeacherSamplingOptions } from '@ar-distill/core';
import {
  adaptationSettingsSchema,
  type Dd1Settings,
  dd1SettingsSchema,
  distillationSettingsSchema,
  paperDistillation,
} from '@ar-distill/core/methods';
import { supervisedSettingsSchema } from '@ar-distill/core/optimization';
import { type LlamagenArchitecture, llamagenArchitectureSchema } from './architecture';

/** Name of the backbone, whose presets these are. */
export const BACKBONE = 'llamagen';

/** `GPT_B` … `GPT_3B` of LlamaGen's gpt.py. */
const OFFICIAL_SIZES = {
  B: { depth: 12, heads: 12, width: 768 },
  L: { depth: 24, heads: 16, width: 1024 },
  XL: { depth: 36, heads: 20, width: 1280 },
  XXL: { depth: 48, heads: 24, width: 1536 },
  '3B': { depth: 24, heads: 32, width: 3200 },
} as const;

type OfficialSize = keyof typeof OFFICIAL_SIZES;

/** With the VQ-16 tokenizer: one token for 16×16 pixels. */
function official(size: OfficialSize, imageSize: number): LlamagenArchitecture {
  return llamagenArchitectureSchema.parse({
    gridSize: imageSize / 16,
    vocabSize: 16384,
    channels: 8,
    numClasses: 1000,
    ...OFFICIAL_SIZES[size],
    tokenizer: { imageSize },
  });
}

/** Settings with which DD2 samples LlamaGen teachers and forms their score (appendices B.4, E.5). */
const paperSampling: TeacherSamplingOptions = {
  guidanceScale: 2,
  topK: 8000,
  topP: 1,
  temperature: 1,
};

/** DD2, appendix E, for LlamaGen-L. */
const distillation = paperDistillation({
  tuning: { headIterations: 0, fullIterations: 100_000, learningRate: 1e-4 },
  generatorIterations: 12_000,
  guidanceUpdates: 5,
  batchSize: 1024,
  generatorLearningRate: 1e-4,
  guidanceLearningRate: 2e-4,
  // 40k of 60k guidance updates.
  warmUpFraction: 2 / 3,
});

/**
 * DD2, appendix E: 200k updates of fine-tuning; the rest is not in the paper. It fine-tunes on images,
 * here the teacher draws its own.
 */
const paperAdaptation = adaptationSettingsSchema.parse({
  sequences: 65_536,
  heldOut: 1024,
  regression: { iterations: 20_000, learningRate: 1e-3 },
  fineTuning: { iterations: 200_000, batchSize: 256, learningRate: 1e-4, emaDecay: 0.9999 },
});

/**
 * Distilled Decoding 1 (arXiv 2412.17153) with 16×16 tokens. Its authors have released how their networks are
 * sampled, but not how they are trained: the AR steps are those of the release (B and L; larger ones have L's),
 * the numbers of the training those of DD2's first stage, with as many pairs as its pool has sequences.
 */
function distilledDecoding1(size: OfficialSize): Dd1Settings {
  return dd1SettingsSchema.parse({
    pairs: 16_384,
    iterations: 100_000,
    batchSize: 512,
    learningRate: 1e-4,
    secondStart: 80,
    codeSteps: size === 'B' ? 80 : 130,
    checkpointInterval: 1000,
  });
}

function imagenet(size: OfficialSize, imageSize: number): Preset<LlamagenArchitecture> {
  const inPaper = size === 'L' && imageSize === 256;
  return {
    summary:
      `LlamaGen-${size}, ImageNet ${imageSize}×${imageSize}` +
      (inPaper ? '' : ' (not in the paper)'),
    backbone: BACKBONE,
    architecture: official(size, imageSize),
    teacherSampling: paperSampling,
    adaptation: paperAdaptation,
    methods: {
      csd: distillation,
      ...(imageSize === 256 ? { dd1: distilledDecoding1(size) } : {}),
    },
  };
}

const MNIST_CHANNELS = 8;

/** Weights that ship with the package; this file is one level below its root, built or not. */
function asset(kind: string): string {
  return path.join(__dirname, '..', 'assets', 'mnist', `${kind}.safetensors`);
}

const mnist: Preset<LlamagenArchitecture> = {
  summary: 'MNIST, 32×32, 16 tokens in raster order: trains on a laptop CPU',
  backbone: BACKBONE,
  architecture: llamagenArchitectureSchema.parse({
    gridSize: 4,
    vocabSize: 256,
    channels: MNIST_CHANNELS,
    numClasses: 10,
    width: 128,
    depth: 4,
    heads: 4,
    multipleOf: 64,
    // Codes have unit length: this gives every channel unit size, like the noise.
    codeScale: Math.sqrt(MNIST_CHANNELS),
    tokenizer: {
      imageSize: 32,
      imageChannels: 1,
      baseChannels: 16,
      channelMultipliers: [1, 1, 2, 4],
      latentChannels: 32,
      residualBlocks: 1,
      attention: false,
      groups: 8,
    },
  }),
  teacherSampling: { guidanceScale: 1.3, topK: 0, topP: 1, temperature: 1 },
  // Codes are unit vectors, which averages of them are shorter than.
  snap: true,
  adaptation: adaptationSettingsSchema.parse({
    sequences: 20_000,
    heldOut: 2000,
    regression: { iterations: 3000, learningRate: 1e-2 },
    fineTuning: {
      targets: 'distributions',
      iterations: 1000,
      batchSize: 64,
      learningRate: 1e-4,
      emaDecay: 0.99,
    },
  }),
  methods: {
    csd: distillationSettingsSchema.parse({
      teacherPoolSize: 10_000,
      tuning: {
        headIterations: 100,
        fullIterations: 800,
        batchSize: 64,
        learningRate: 5e-4,
        noiseDraws: 2,
      },
      generatorIterations: 1200,
      guidanceUpdates: 2,
      batchSize: 64,
      // docs/choices.md has what these four are better than.
      guidanceNoiseDraws: 4,
      generatorNoiseDraws: 8,
      timesteps: { distribution: 'logit-normal' },
      generatorLearningRate: 1.5e-4,
      guidanceLearningRate: 8e-4,
      warmUpFraction: 0.02,
      emaDecay: 0.995,
    }),
    dd1: dd1SettingsSchema.parse({
      pairs: 10_000,
      iterations: 6000,
      batchSize: 64,
      learningRate: 5e-4,
      warmUpFraction: 0.02,
      secondStart: 5,
      codeSteps: 5,
      emaDecay: 0.995,
    }),
  },
  // More updates in the same time, of which a short run has too few.
  quick: { csd: { tuning: { batchSize: 32 }, batchSize: 32 } },
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
      iterations: 6000,
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

/** Presets by name: `llamagen-L` at 256×256 is the paper's, `-384` have 24×24 tokens. */
export const presets: Readonly<Record<string, Preset<LlamagenArchitecture>>> = {
  'mnist-llamagen': mnist,
  'llamagen-B': imagenet('B', 256),
  'llamagen-L': imagenet('L', 256),
  'llamagen-XL': imagenet('XL', 256),
  'llamagen-XXL': imagenet('XXL', 256),
  'llamagen-3B': imagenet('3B', 256),
  'llamagen-B-384': imagenet('B', 384),
  'llamagen-L-384': imagenet('L', 384),
  'llamagen-XL-384': imagenet('XL', 384),
  'llamagen-XXL-384': imagenet('XXL', 384),
  'llamagen-3B-384': imagenet('3B', 384),
};
