import path from 'node:path';
import { PLAIN_SAMPLING } from '@ar-distill/core';
import { initializeParameters } from '@ar-distill/nn';
import {
  plugin,
  varArchitectureSchema,
  VarTeacher,
  VarTokenizer,
  type VarArchitecture,
} from '@ar-distill/plugin-var';
import { createRng } from '@ar-distill/program';
import { saveModel } from '@ar-distill/runs';

const GIBIBYTE = 2 ** 30;

/** A VAR whose distillation is measured, and what it may take. */
interface MeasuredModel {
  readonly architecture: VarArchitecture;
  /** Options of `distill`: one update of every stage, after which memory is as high as it gets. */
  readonly options: readonly string[];
  /** Most memory without the variable of malloc: as a ratio of that with it, and bytes. */
  readonly memoryRatio: number;
  readonly memory: number;
}

const OPTIONS = [
  'teacherPoolSize=2',
  'generatorIterations=1',
  'guidanceUpdates=1',
  'generatorNoiseDraws=1',
  'batchSize=2',
  'accumulation=1',
  'tuning.headIterations=1',
  'tuning.fullIterations=1',
  'tuning.batchSize=2',
  'tuning.accumulation=1',
  'checkpointInterval=1',
].flatMap((setting) => ['--set', setting]);

/** By name: a teacher of 20M parameters, enough that the optimiser's updates are split off a step; VAR-d16. */
export const MEASURED_MODELS = {
  medium: {
    architecture: varArchitectureSchema.parse({
      patchNums: [1, 2, 3, 4, 6, 8],
      vocabSize: 1024,
      channels: 16,
      numClasses: 100,
      width: 512,
      depth: 4,
      heads: 8,
      tokenizer: { imageSize: 128, baseChannels: 32 },
    }),
    options: ['--no-report', ...OPTIONS],
    memoryRatio: 1.1,
    memory: Infinity,
  },
  // The command of docs/full-size.md, with its report.
  'var-d16': {
    architecture: varArchitectureSchema.parse(plugin.presets?.['var-d16']?.architecture),
    options: [
      ...['--iterations', '1', '--batch-size', '1', '--guidance-updates', '1'],
      ...[
        'accumulation=1',
        'teacherPoolSize=1',
        'tuning.headIterations=1',
        'tuning.fullIterations=1',
        'tuning.batchSize=1',
        'tuning.accumulation=1',
      ].flatMap((setting) => ['--set', setting]),
    ],
    memoryRatio: Infinity,
    memory: 20 * GIBIBYTE,
  },
} satisfies Record<string, MeasuredModel>;

export type MeasuredModelName = keyof typeof MEASURED_MODELS;

/** Files of a model with random weights. */
export interface ModelFiles {
  readonly teacher: string;
  readonly tokenizer: string;
}

/** Where the files of a model lie in `folder`. */
export function modelFiles(folder: string): ModelFiles {
  return {
    teacher: path.join(folder, 'teacher.safetensors'),
    tokenizer: path.join(folder, 'tokenizer.safetensors'),
  };
}

/** Writes the teacher and its tokenizer into `folder`. */
export async function writeRandomModel(
  folder: string,
  name: MeasuredModelName,
): Promise<ModelFiles> {
  const { architecture } = MEASURED_MODELS[name];
  const networks = {
    teacher: new VarTeacher(architecture, PLAIN_SAMPLING),
    tokenizer: new VarTokenizer(architecture),
  };
  const files = modelFiles(folder);
  for (const kind of ['teacher', 'tokenizer'] as const) {
    await saveModel(files[kind], {
      kind,
      plugin: 'var',
      preset: 'var-d16',
      architecture,
      tensors: initializeParameters(networks[kind].parameterSpecs, createRng(0)),
      provenance: {},
    });
  }
  return files;
}
