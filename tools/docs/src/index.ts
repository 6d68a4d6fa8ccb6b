export * from './commands';
export { configuredKeys } from './configuration';
export * from './navigation';
export { presetNames } from './plugins';
export * from './reference-pages';
export * from './slug';
