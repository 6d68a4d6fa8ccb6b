import type { TeacherAdaptation } from '@ar-distill/core';
import type { LlamagenArchitecture } from '../architecture';
import { adaptedWeights, LlamagenAdaptationTask } from './adaptation-task';
import { llamagenTeacherTask } from './teacher-task';

function adaptedArchitecture(architecture: LlamagenArchitecture): LlamagenArchitecture {
  return { ...architecture, inputEmbedding: 'mlp' };
}

/** From the official embedding table to an MLP of code vectors (DD2, appendix E). */
export const adaptation: TeacherAdaptation<LlamagenArchitecture> = {
  isNeeded: ({ inputEmbedding }) => inputEmbedding === 'table',
  adaptedArchitecture,
  createRegressionTask: (architecture) => new LlamagenAdaptationTask(architecture),
  adaptedWeights,
  createFineTuningTask: (architecture) => llamagenTeacherTask(adaptedArchitecture(architecture)),
  createMatchingTask: (architecture) =>
    llamagenTeacherTask(adaptedArchitecture(architecture), architecture),
};
