export * from './tensors';
export * from './parameters';
