export * from './commands/environment';
export { createProgram, runCli } from './commands/program';
export * from './errors';
export * from './recipes/types';
export { importCheckpoints } from './recipes/import/import-checkpoints';
export { openWeights, type WeightsSource } from './recipes/weights-source';
