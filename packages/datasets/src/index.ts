export * from './idx';
export * from './labeled-images';
export * from './mnist';
export * from './shuffled-batches';
