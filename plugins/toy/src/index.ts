import { definePlugin } from '@ar-distill/core';
import { toyArchitectureSchema, type ToyArchitecture } from './architecture';
import { totalVariation } from './joint-distribution';
import { presets } from './presets';
import { TabularTeacher } from './tabular-teacher';
import { ToyNetwork } from './toy-network';

export { JointDistribution, totalVariation } from './joint-distribution';
export { THREE_TOKEN_JOINT } from './three-token-joint';
export { TabularTeacher } from './tabular-teacher';
export { ToyNetwork } from './toy-network';
export { toyArchitectureSchema, type ToyArchitecture } from './architecture';

/** Teachers whose distribution is known exactly: the proof that distillation reaches it. */
export const plugin = definePlugin<ToyArchitecture>({
  name: 'toy',
  summary: 'tabular teachers whose distribution is known exactly',
  architectureSchema: toyArchitectureSchema,
  presets,
  createTeacher: (architecture, sampling) => new TabularTeacher(architecture, sampling),
  createNetwork: (architecture) => new ToyNetwork(architecture),
  measureSequences: (architecture, sequences) => ({
    totalVariation: totalVariation(architecture, sequences.data),
  }),
});

export default plugin;
