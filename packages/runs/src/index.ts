export { type Interrupt, onInterrupt } from './interrupt';
export {
  describeModelDirectory,
  loadModelDirectory,
  type ModelDescription,
  saveModelDirectory,
} from './model-directory';
export { type ModelKind, loadModel, saveModel } from './model-file';
export { PoolFolder } from './pool-folder';
export { createProgressReporter } from './progress';
export { Run, createRun, openRun } from './run-directory';
export { readRunConfig, RUN_CONFIG, whyNoRun } from './run-config';
export type { LockOptions, RunLock } from './run-lock';
export { loggedProgress } from './logged-progress';
export type { RunLog } from './run-log';
export { arraysFile, openArrays } from './run-tensors';
export { waitForLock } from './wait-for-lock';
