export * from './commands';
export * from './navigation';
export * from './reference-pages';
export * from './slug';
