export {
  convTokenizerFields,
  distilledFields,
  groupsFit,
  headProblem,
  labelDropoutField,
  latentSide,
  layerCount,
  mapSide,
  transformerFields,
  type VqTokenizerSizes,
  vqTokenizerSchema,
  withImageSize,
} from './architecture/architecture-fields';
export { arBackbone, type ArFamily } from './family/ar-backbone';
export { type ArModel, arModelFields, type ArModelSizes } from './family/ar-model';
export { FIRST_SETTINGS, GREY_32_SIZES, SMALL_SIZES } from './family/first-settings';
export { DiffusionHeadNetwork, type HeadedSizes } from './network/diffusion-head-network';
export type { KeptClassifier } from './network/kept-classifier';
export { teacherParameters } from './network/teacher-parameter';
export {
  TRANSFORMER_WEIGHT,
  transformerBlocks,
  transformerBlockSpecs,
  type TransformerSizes,
  withoutLast,
} from './network/transformer-blocks';
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
export { unitCodeTask } from './tasks/unit-code-task';
export {
  type Quantized,
  type VqTraining,
  VqTokenizerTask,
  countTokens,
} from './tasks/vq-tokenizer-task';
export { defaultSampler } from './teacher/default-sampler';
export { GuidedTeacher, isGuidedTeacher } from './teacher/guided-teacher';
export {
  type CodebookSizes,
  unitCodebookSpecs,
  unitCodeNoise,
  unitCodes,
} from './tokenizer/unit-codes';
export { type TokenizedSizes, VqTokenizer } from './tokenizer/vq-tokenizer';
