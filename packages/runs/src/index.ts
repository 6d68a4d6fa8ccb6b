export * from './rng';
export * from './run-directory';
export * from './model-file';
export * from './model-directory';
export * from './progress';
export * from './interrupt';
