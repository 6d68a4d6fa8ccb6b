export { convTokenizerFields, distilledFields, groupsFit, latentSide } from './architecture-fields';
export { DiffusionHeadNetwork } from './diffusion-head-network';
export { GuidedTeacher } from './guided-teacher';
export { TokenPredictionTask } from './tasks/token-prediction-task';
export { VqTokenizerTask, countTokens } from './tasks/vq-tokenizer-task';
