export { ArDiffusionGenerator } from './model/ar-diffusion-generator';
export {
  type Condition,
  type ConditionSpace,
  type ConditionValue,
  UNCONDITIONAL,
  checkCondition,
  classCondition,
  classesOf,
  conditionInputs,
  conditionOf,
  conditionRows,
  conditionSpecs,
  labelsOf,
  ofClasses,
} from './model/condition';
export {
  canBeDropped,
  dropCondition,
  nothingGiven,
  withNothingGiven,
} from './model/condition-dropout';
export {
  ConditionalScoreTeacher,
  PLAIN_SAMPLING,
  type PrefixReading,
  type TeacherGuidance,
  type TeacherSamplingOptions,
} from './model/conditional-score-teacher';
export { DiscreteScoreTeacher, isDiscrete } from './model/discrete-score-teacher';
export { FlowMapNetwork, type FlowMapPrediction } from './model/flow-map-network';
export { GuidanceConditionedNetwork } from './model/guidance-conditioned-network';
export { guidanceOf, splitGuidance, withGuidance } from './model/guidance-input';
export {
  type GuidanceInput,
  type GuidanceRange,
  describeRange,
  isInRange,
} from './model/guidance-range';
export { ImageTokenizer } from './model/image-tokenizer';
export { bytesOfPixels, pixelsOfBytes } from './model/pixels';
export {
  OneStepGenerator,
  type SequenceGenerator,
  takingGuidance,
} from './model/one-step-generator';
export {
  type SequenceLayout,
  sequenceLength,
  stepOfPosition,
  stepStarts,
} from './model/sequence-layout';
export type { SampledSequences, SequenceSampler } from './model/sequence-sampler';
export { type HiddenLayer, VelocityNetwork } from './model/velocity-network';
export type { Backbone } from './plugin/backbone';
export type {
  CheckpointListing,
  CheckpointPart,
  OfficialSettings,
  RecognizedKind,
  RecognizedPart,
  TensorShapes,
} from './plugin/checkpoint-recognition';
export type {
  Dataset,
  DatasetOptions,
  DatasetProvider,
  ImageSplit,
  LabeledBatch,
} from './plugin/dataset-provider';
export type {
  Distillation,
  DistillationMethod,
  DistillationOutcome,
  DistillationSubject,
  GeneratorSnapshot,
  MethodPlan,
  MethodRow,
  MethodServices,
  MethodStage,
  PlannedPool,
  PlannedRow,
  PlannedSequences,
  PlannedTraining,
  PlannedTuning,
  RealSequences,
  StagedWork,
} from './plugin/distillation-method';
export type {
  ExtractedFeatures,
  FeatureNetwork,
  FeatureNetworkOptions,
  FeatureNetworkProvider,
  FeatureOutput,
  FeatureOutputs,
} from './plugin/feature-network';
export type { MeasuredImages, Metric, MetricReference } from './plugin/metric';
export {
  PLUGIN_CONTRACT_VERSION,
  type PluginDefinition,
  definePlugin,
} from './plugin/plugin-definition';
export type { Preset, PresetEvaluation } from './plugin/preset';
export type { TeacherAdaptation } from './plugin/teacher-adaptation';
export { printable, printableLine } from './ports/printable';
export type { ProgressReporter, ProgressUpdate, StagePlace } from './ports/progress';
export type { PoolCache } from './ports/pool-cache';
export type { Checkpoint, MetricRecord, RunStore } from './ports/run-store';
