export {
  convTokenizerFields,
  distilledFields,
  groupsFit,
  headProblem,
  latentSide,
  layerCount,
  mapSide,
  withImageSize,
} from './architecture/architecture-fields';
export { DiffusionHeadNetwork, type HeadedSizes } from './network/diffusion-head-network';
export type { KeptClassifier } from './network/kept-classifier';
export { teacherParameters } from './network/teacher-parameter';
export {
  type FlowMapSizes,
  type PositionKinds,
  TwoHeadFlowMapNetwork,
} from './network/two-head-flow-map-network';
export {
  channelMultipliers,
  checkSizes,
  configNumber,
  configValue,
  countLayers,
  groupsOf,
  matchTensors,
  missingKey,
  preferredPart,
  shapeOf,
} from './recognition/match-checkpoint';
export type { CodebookNames } from './tasks/codebook-repair';
export { type TokenPrediction, TokenPredictionTask } from './tasks/token-prediction-task';
export {
  type Quantized,
  type VqTraining,
  VqTokenizerTask,
  countTokens,
} from './tasks/vq-tokenizer-task';
export { defaultSampler, drawingProgram } from './teacher/default-sampler';
export { GuidedTeacher, isGuidedTeacher } from './teacher/guided-teacher';
