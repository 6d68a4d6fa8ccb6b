export * from './rng';
export * from './run-directory';
export * from './model-file';
export * from './progress';
export * from './interrupt';
