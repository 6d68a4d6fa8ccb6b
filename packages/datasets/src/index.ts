export { forBatches } from './for-batches';
export { readImagesNpz, readNpz, writeImagesNpz, writeNpz } from './npz/npz';
export { ShuffledBatches, ShuffledImages } from './shuffled-batches';
