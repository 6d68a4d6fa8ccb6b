export * from './rng';
export * from './run-directory';
export { readRunConfig, RUN_CONFIG } from './run-config';
export type { LockOptions } from './run-lock';
export * from './model-file';
export * from './model-directory';
export * from './progress';
export * from './interrupt';
