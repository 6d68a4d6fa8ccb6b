import path from 'node:path';
import { unitCodeTask } from '@ar-distill/backbone-kit';
import { type Backbone, definePlugin } from '@ar-distill/core';
import {
  completeLlamagenArchitecture,
  llamagenArchitectureSchema,
  type LlamagenArchitecture,
  SMALL,
} from './architecture';
import { LlamagenFlowMapNetwork } from './flow-map-network';
import { LlamagenNetwork } from './network';
import { OFFICIAL_SETTINGS } from './import/official-sizes';
import { recognizeLlamagenCheckpoint } from './import/recognize';
import { BACKBONE, presets } from './presets';
import { adaptation } from './tasks/adaptation';
import { llamagenTeacherTask } from './tasks/teacher-task';
import { LlamagenTeacher } from './teacher';
import { LlamagenTokenizer } from './tokenizer';

export { llamagenArchitectureSchema, type LlamagenArchitecture } from './architecture';
export { LlamagenFlowMapNetwork } from './flow-map-network';
export { LlamagenNetwork } from './network';
export { LlamagenTeacher } from './teacher';
export { LlamagenTokenizer } from './tokenizer';
export { adaptedWeights, LlamagenAdaptationTask } from './tasks/adaptation-task';
export { rotaryFrequencies } from './transformer/rotary-table';

/** Raster-order (LlamaGen) teachers and the one-step generators distilled from them. */
export const llamagenBackbone: Backbone<LlamagenArchitecture> = {
  name: BACKBONE,
  summary: 'LlamaGen: next-token autoregressive image generation in raster order',
  architectureSchema: llamagenArchitectureSchema,
  smallArchitecture: SMALL,
  createTokenizer: (architecture) => new LlamagenTokenizer(architecture),
  createTeacher: (architecture, sampling) => new LlamagenTeacher(architecture, sampling),
  createNetwork: (architecture) => new LlamagenNetwork(architecture),
  createFlowMapNetwork: (architecture) => new LlamagenFlowMapNetwork(architecture),
  recognizeCheckpoint: recognizeLlamagenCheckpoint,
  officialSettings: OFFICIAL_SETTINGS,
  completeArchitecture: completeLlamagenArchitecture,
  createTokenizerTask: (architecture) => unitCodeTask(new LlamagenTokenizer(architecture)),
  createTeacherTask: llamagenTeacherTask,
  adaptation,
  pytorchFiles: assets('generator_family.py', 'generator_ar_diffusion.py'),
  pytorchFilesOfMethods: { dd1: assets('generator_family.py', 'generator_of_dd1.py') },
};

function assets(...names: readonly string[]): readonly string[] {
  return names.map((name) => path.join(__dirname, '..', 'assets', name));
}

export const plugin = definePlugin({
  name: 'llamagen',
  summary: llamagenBackbone.summary,
  backbones: [llamagenBackbone],
  presets,
});

export default plugin;
