export { differentiate } from './optimization/differentiate';
export { TrainingInterruptedError } from './optimization/errors';
export { type Objective, OptimizerStep } from './optimization/optimizer-step';
export { ParameterGroup } from './optimization/parameter-group';
export {
  type SupervisedSettings,
  supervisedSettingsSchema,
} from './optimization/supervised-settings';
export type { SupervisedTask, TaskLoss } from './optimization/supervised-task';
export { type SupervisedTraining, trainSupervised } from './optimization/supervised-training';
export type { TrainingEnvironment } from './optimization/training-loop';
