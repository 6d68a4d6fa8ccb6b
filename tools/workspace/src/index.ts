export * from './circles';
export * from './import-graphs';
export * from './instance-checks';
export * from './packages';
export * from './rooms';
export * from './rooms-table';
export * from './root';
export * from './sources';
