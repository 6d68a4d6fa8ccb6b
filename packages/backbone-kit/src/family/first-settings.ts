import type { Preset } from '@ar-distill/core';
import { distillationSettingsSchema } from '@ar-distill/core/methods';
import { supervisedSettingsSchema } from '@ar-distill/core/optimization';
import type { z } from 'zod';
import type { arModelFields } from './ar-model';

/** Sizes before defaults are filled in. */
type GivenSizes = z.input<z.ZodObject<typeof arModelFields>>;

/** Sizes of a few thousand parameters, for the `smallArchitecture` that the conformance kit runs with. */
export const SMALL_SIZES = {
  numClasses: 3,
  vocabSize: 12,
  channels: 4,
  width: 16,
  headDepth: 1,
  codeScale: 2,
  tokenizer: {
    imageSize: 4,
    imageChannels: 1,
    baseChannels: 4,
    channelMultipliers: [1, 1],
    latentChannels: 4,
    residualBlocks: 1,
    attention: false,
    groups: 2,
  },
} satisfies GivenSizes;

const CHANNELS = 8;

/** Sizes for grey images of 32×32 pixels of ten classes: 4×4 tokens of 128 codes. */
export const GREY_32_SIZES = {
  numClasses: 10,
  vocabSize: 128,
  channels: CHANNELS,
  width: 64,
  // Codes have unit length: this gives every channel unit size, like the noise.
  codeScale: Math.sqrt(CHANNELS),
  tokenizer: {
    imageSize: 32,
    imageChannels: 1,
    baseChannels: 8,
    channelMultipliers: [1, 2, 4, 4],
    latentChannels: 32,
    residualBlocks: 1,
    attention: false,
    groups: 4,
  },
} satisfies GivenSizes;

/**
 * Settings for a first look at a family with `GREY_32_SIZES`: its trainings and its distillation take
 * minutes on a CPU, and longer ones give better images.
 */
export const FIRST_SETTINGS = {
  training: {
    tokenizer: supervisedSettingsSchema.parse({
      iterations: 500,
      batchSize: 16,
      learningRate: 2e-3,
      emaDecay: 0.99,
    }),
    teacher: supervisedSettingsSchema.parse({
      iterations: 1000,
      batchSize: 32,
      learningRate: 2e-3,
      emaDecay: 0.99,
    }),
  },
  methods: {
    csd: distillationSettingsSchema.parse({
      teacherPoolSize: 2000,
      tuning: {
        headIterations: 50,
        fullIterations: 200,
        batchSize: 32,
        learningRate: 5e-4,
        noiseDraws: 2,
      },
      generatorIterations: 300,
      guidanceUpdates: 2,
      batchSize: 32,
      guidanceNoiseDraws: 2,
      generatorLearningRate: 3e-4,
      guidanceLearningRate: 8e-4,
      warmUpFraction: 0.02,
      emaDecay: 0.99,
      checkpointInterval: 100,
    }),
  },
} satisfies Pick<Preset, 'training' | 'methods'>;
