export { ClassifierTask } from './classifier/classifier-task';
export { FeatureExtractor } from './features/feature-extractor';
export { referenceSet, saveReferenceSet } from './features/reference-set';
export {
  FID_MNIST,
  FID_MNIST_DEFINITION,
  MNIST_IMAGE_SHAPE,
  isMnistShape,
  loadMnistEvaluator,
  mnistAssets,
} from './fid-mnist';
export { ImageEvaluator, accuracy } from './image-quality';
export { imageGrid } from './pictures/image-grid';
export { lineChart } from './pictures/line-chart';
export { readImagesNpz, writeImagesNpz } from './pictures/npz';
export { gapClosed } from './report/gap-closed';
export { type FidMeasurement, renderReport } from './report/report';
export { type ResultRow, textTable } from './report/result-table';
export { type SpeedComparison, speedUp, speedUpTable } from './report/speed-up';
