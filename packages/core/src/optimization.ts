export { callsInOrder } from './optimization/calls-in-order';
export { disposing } from './optimization/disposing';
export { type Differentiated, differentiate } from './optimization/differentiate';
export {
  type Objective,
  type OptimizerSettings,
  OptimizerStep,
  type OptimizerStepOptions,
  type UpdateSchedule,
} from './optimization/optimizer-step';
export { TrainingDivergedError } from './optimization/errors';
export {
  type GroupKind,
  ParameterGroup,
  type ParameterGroupOptions,
} from './optimization/parameter-group';
export {
  type SupervisedSettings,
  supervisedSettingsSchema,
} from './optimization/supervised-settings';
export type { SupervisedTask, TaskLoss } from './optimization/supervised-task';
export { type SupervisedTraining, trainSupervised } from './optimization/supervised-training';
export {
  runStage,
  type TrainingEnvironment,
  type TrainingStage,
} from './optimization/training-loop';
export { TrainingInterruptedError } from './ports/interruption';
