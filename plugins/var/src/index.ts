import path from 'node:path';
import { ArDiffusionGenerator, type Backbone, definePlugin } from '@ar-distill/core';
import {
  completeVarArchitecture,
  SMALL,
  varArchitectureSchema,
  type VarArchitecture,
} from './architecture';
import { VarFlowMapNetwork } from './flow-map-network';
import { VarNetwork } from './network';
import { OFFICIAL_SETTINGS } from './import/official-sizes';
import { recognizeVarCheckpoint } from './import/recognize';
import { BACKBONE, presets } from './presets';
import { varTeacherTask } from './tasks/teacher-task';
import { varTokenizerTask } from './tasks/tokenizer-task';
import { VarTeacher } from './teacher';
import { unitCodeScale } from './tokenizer/code-scale';
import { VarTokenizer } from './tokenizer/tokenizer';

export { varArchitectureSchema, type VarArchitecture } from './architecture';
export { VarFlowMapNetwork } from './flow-map-network';
export { VarNetwork } from './network';
export { VarTeacher } from './teacher';
export { VarTokenizer } from './tokenizer/tokenizer';
export { drawSequences, type DecodedTeacher, type DrawnSequences } from './sampler';

/** Next-scale (VAR) teachers and the one-step generators distilled from them. */
export const varBackbone: Backbone<VarArchitecture> = {
  name: BACKBONE,
  summary: 'VAR: next-scale autoregressive image generation',
  architectureSchema: varArchitectureSchema,
  smallArchitecture: SMALL,
  createTokenizer: (architecture) => new VarTokenizer(architecture),
  createTeacher: (architecture, sampling) => new VarTeacher(architecture, sampling),
  createNetwork: (architecture) => new VarNetwork(architecture),
  createGenerator: (architecture) =>
    new ArDiffusionGenerator(new VarNetwork(architecture, architecture.noiseInput)),
  createFlowMapNetwork: (architecture) => new VarFlowMapNetwork(architecture),
  recognizeCheckpoint: recognizeVarCheckpoint,
  officialSettings: OFFICIAL_SETTINGS,
  completeArchitecture: completeVarArchitecture,
  createTokenizerTask: varTokenizerTask,
  createTeacherTask: varTeacherTask,
  fitTokenizer: (architecture, weights) => ({ ...architecture, codeScale: unitCodeScale(weights) }),
  pytorchFiles: assets('generator_family.py', 'generator_ar_diffusion.py'),
  pytorchFilesOfMethods: { dd1: assets('generator_family.py', 'generator_of_dd1.py') },
};

function assets(...names: readonly string[]): readonly string[] {
  return names.map((name) => path.join(__dirname, '..', 'assets', name));
}

export const plugin = definePlugin({
  name: 'var',
  summary: varBackbone.summary,
  backbones: [varBackbone],
  presets,
});

export default plugin;
