export { onInterrupt } from './interrupt';
export { describeModelDirectory, loadModelDirectory, saveModelDirectory } from './model-directory';
export { type ModelKind, loadModel, saveModel } from './model-file';
export { createProgressReporter } from './progress';
export { Run, createRun, openRun } from './run-directory';
