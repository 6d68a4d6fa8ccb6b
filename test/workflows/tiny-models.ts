import path from 'node:path';
import { definePlugin, PLAIN_SAMPLING, type Preset } from '@ar-distill/core';
import { distillationSettingsSchema } from '@ar-distill/core/methods';
import { initializeParameters, type ParameterSpecs } from '@ar-distill/nn';
import { createRng } from '@ar-distill/program';
import { saveModel } from '@ar-distill/runs';
import { TinyTeacher, TinyTokenizer, tinyBackbone } from '../core/tiny-plugin';

/** A distillation of seconds. */
export const TINY_SETTINGS = {
  teacherPoolSize: 16,
  tuning: { headIterations: 1, fullIterations: 2, batchSize: 4 },
  generatorIterations: 4,
  guidanceUpdates: 1,
  batchSize: 4,
  checkpointInterval: 2,
};

/** A distillation of seconds, as a preset states it. */
export function tinyCsdSettings() {
  return distillationSettingsSchema.parse({
    ...TINY_SETTINGS,
    tuning: { ...TINY_SETTINGS.tuning, learningRate: 0.01 },
    generatorLearningRate: 0.01,
    guidanceLearningRate: 0.01,
  });
}

/**
 * The tiny backbone in a plugin whose preset ships a teacher and a tokenizer with random weights,
 * written into `folder`. The plugin is called otherwise than its backbone.
 */
export async function tinyImagePlugin(folder: string) {
  const teacher = new TinyTeacher(PLAIN_SAMPLING);
  const tokenizer = new TinyTokenizer();
  const save = async (
    kind: 'teacher' | 'tokenizer',
    { parameterSpecs }: { readonly parameterSpecs: ParameterSpecs },
  ): Promise<string> => {
    const file = path.join(folder, `${kind}.safetensors`);
    await saveModel(file, {
      kind,
      plugin: 'tiny',
      preset: 'tiny-images:pixels',
      architecture: {},
      tensors: initializeParameters(parameterSpecs, createRng(1)),
      provenance: {},
    });
    return file;
  };
  const pixels: Preset = {
    summary: 'two pixels',
    backbone: 'tiny',
    architecture: {},
    teacherSampling: PLAIN_SAMPLING,
    methods: { csd: tinyCsdSettings() },
    weights: {
      teacher: await save('teacher', teacher),
      tokenizer: await save('tokenizer', tokenizer),
    },
  };
  return definePlugin({
    name: 'tiny-images',
    summary: 'images of two pixels for tests',
    backbones: [tinyBackbone()],
    presets: { pixels },
  });
}
