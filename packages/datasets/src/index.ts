export { type LabeledImages, toImages, toLabels } from './labeled-images';
export { loadMnist } from './mnist';
export { ShuffledBatches } from './shuffled-batches';
