import path from 'node:path';
import { PLAIN_SAMPLING } from '@ar-distill/core';
import { initializeParameters } from '@ar-distill/nn';
import { varArchitectureSchema, VarTeacher, VarTokenizer } from '@ar-distill/plugin-var';
import { createRng } from '@ar-distill/program';
import { saveModel } from '@ar-distill/runs';

/** A VAR whose teacher has 20M parameters, enough that the optimiser's updates are split off a step. */
const ARCHITECTURE = varArchitectureSchema.parse({
  patchNums: [1, 2, 3, 4, 6, 8],
  vocabSize: 1024,
  channels: 16,
  numClasses: 100,
  width: 512,
  depth: 4,
  heads: 8,
  tokenizer: { imageSize: 128, baseChannels: 32 },
});

/** Files of a model with random weights. */
export interface ModelFiles {
  readonly teacher: string;
  readonly tokenizer: string;
}

/** Writes the teacher and its tokenizer into `folder`. */
export async function writeMediumModel(folder: string): Promise<ModelFiles> {
  const networks = {
    teacher: new VarTeacher(ARCHITECTURE, PLAIN_SAMPLING),
    tokenizer: new VarTokenizer(ARCHITECTURE),
  };
  const files = {
    teacher: path.join(folder, 'teacher.safetensors'),
    tokenizer: path.join(folder, 'tokenizer.safetensors'),
  };
  for (const kind of ['teacher', 'tokenizer'] as const) {
    await saveModel(files[kind], {
      kind,
      plugin: 'var',
      preset: 'var-d16',
      architecture: ARCHITECTURE,
      tensors: initializeParameters(networks[kind].parameterSpecs, createRng(0)),
      provenance: {},
    });
  }
  return files;
}
