import { type Backbone, definePlugin } from '@ar-distill/core';
import { toyArchitectureSchema, type ToyArchitecture } from './architecture';
import { measureSequences } from './joint-distribution';
import { BACKBONE, presets } from './presets';
import { TabularTeacher } from './tabular-teacher';
import { THREE_TOKEN_JOINT } from './three-token-joint';
import { ToyFlowMapNetwork } from './toy-flow-map-network';
import { ToyNetwork } from './toy-network';

export { JointDistribution, totalVariation } from './joint-distribution';
export { THREE_TOKEN_JOINT } from './three-token-joint';
export { TabularTeacher } from './tabular-teacher';
export { ToyFlowMapNetwork } from './toy-flow-map-network';
export { ToyNetwork } from './toy-network';
export { toyArchitectureSchema, type ToyArchitecture } from './architecture';

/** Teachers whose distribution is known exactly: the proof that distillation reaches it. */
export const toyBackbone: Backbone<ToyArchitecture> = {
  name: BACKBONE,
  summary: 'tabular teachers whose distribution is known exactly',
  architectureSchema: toyArchitectureSchema,
  smallArchitecture: toyArchitectureSchema.parse({ ...THREE_TOKEN_JOINT, width: 16 }),
  createTeacher: (architecture, sampling) => new TabularTeacher(architecture, sampling),
  createNetwork: (architecture) => new ToyNetwork(architecture),
  createFlowMapNetwork: (architecture) => new ToyFlowMapNetwork(architecture),
  measureSequences: (architecture, sequences) => measureSequences(architecture, sequences.data),
};

export const plugin = definePlugin({
  name: 'toy',
  summary: toyBackbone.summary,
  backbones: [toyBackbone],
  presets,
});

export default plugin;
