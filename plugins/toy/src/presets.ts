import type { Preset } from '@ar-distill/core';
import { dd1SettingsSchema, distillationSettingsSchema } from '@ar-distill/core/methods';
import { type ToyArchitecture, toyArchitectureSchema } from './architecture';
import { THREE_TOKEN_JOINT } from './three-token-joint';

/** Name of the backbone, whose presets these are. */
export const BACKBONE = 'toy';

/** The distribution that the trainer is measured on: independent tokens are 0.61 away from it. */
export const presets: Readonly<Record<string, Preset<ToyArchitecture>>> = {
  'toy-joint': {
    backbone: BACKBONE,
    summary: 'three tokens of a four-word codebook with a known joint distribution',
    architecture: toyArchitectureSchema.parse(THREE_TOKEN_JOINT),
    teacherSampling: { guidanceScale: 0, topK: 0, topP: 1, temperature: 1 },
    methods: {
      csd: distillationSettingsSchema.parse({
        teacherPoolSize: 8192,
        tuning: {
          headIterations: 0,
          fullIterations: 1500,
          batchSize: 256,
          learningRate: 1e-3,
          noiseDraws: 4,
        },
        generatorIterations: 3000,
        guidanceUpdates: 2,
        batchSize: 256,
        guidanceNoiseDraws: 4,
        generatorNoiseDraws: 4,
        timesteps: { distribution: 'logit-normal' },
        generatedPrefix: 'codes',
        generatorLearningRate: 3e-4,
        guidanceLearningRate: 8e-4,
        warmUpFraction: 0.02,
        emaDecay: 0.998,
        checkpointInterval: 500,
      }),
      dd1: dd1SettingsSchema.parse({
        pairs: 65536,
        iterations: 3000,
        batchSize: 256,
        learningRate: 1e-3,
        warmUpFraction: 0.02,
        secondStart: 1,
        codeSteps: 3,
        emaDecay: 0.998,
        checkpointInterval: 500,
      }),
    },
  },
};
