export * from './rng';
export * from './run-directory';
export * from './model-file';
export * from './model-directory';
export * from './progress';
export * from './interrupt';
export * from './run-log';
export * from './logged-progress';
