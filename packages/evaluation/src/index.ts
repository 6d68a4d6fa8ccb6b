export {
  evaluateImages,
  evaluateSplit,
  pooledStatistics,
  type ImageEvaluation,
  type ImageQuality,
} from './evaluate-images';
export {
  computeReference,
  loadReferenceSet,
  type ReferenceSet,
  saveReferenceSet,
} from './features/reference-set';
export type { FeatureStatistics } from './features/feature-statistics';
export { type FewestImages, fewestImages } from './fewest-images';
export { layerDistances } from './features/layer-distances';
export { BUILT_IN_METRICS } from './metrics/built-in-metrics';
export { CLASS_ACCURACY } from './metrics/class-accuracy';
export { FRECHET_DISTANCE } from './metrics/frechet-distance';
export { TEACHER_DISTANCE, teacherDistance } from './metrics/teacher-distance';
export { PATH_LENGTH, type PairDistances, pathLength, type PathLengthOptions } from './path-length';
export { type MetricInputs, type MetricSelection, selectMetrics } from './select-metrics';
