export { ArDiffusionGenerator } from './model/ar-diffusion-generator';
export {
  ConditionalScoreTeacher,
  PLAIN_SAMPLING,
  type TeacherSampler,
  type TeacherSamples,
  type TeacherSamplingOptions,
} from './model/conditional-score-teacher';
export { DiscreteScoreTeacher } from './model/discrete-score-teacher';
export { ImageTokenizer } from './model/image-tokenizer';
export {
  type SequenceLayout,
  sequenceLength,
  stepOfPosition,
  stepStarts,
} from './model/sequence-layout';
export { VelocityNetwork } from './model/velocity-network';
export {
  type CheckpointListing,
  type CheckpointPart,
  type RecognizedPart,
  channelMultipliers,
  checkSizes,
  configNumber,
  configValue,
  countLayers,
  matchTensors,
  missingKey,
  preferredPart,
  shapeOf,
} from './plugin/checkpoint-recognition';
export {
  PLUGIN_CONTRACT_VERSION,
  type PluginDefinition,
  type Preset,
  definePlugin,
} from './plugin/plugin-definition';
export type { TeacherAdaptation } from './plugin/teacher-adaptation';
export type { ProgressReporter, ProgressUpdate } from './ports/progress';
export type { Checkpoint, MetricRecord, RunStore } from './ports/run-store';
