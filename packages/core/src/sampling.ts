export { sampleArDiffusion } from './sampling/ar-diffusion-sampler';
export type { ArSteps, ArStepValues, DrawArStep, DrawnArStep } from './model/ar-steps';
export { arStepPrograms } from './sampling/ar-step-programs';
export { type ArSamplerProgram, compileArSampler } from './sampling/ar-sampler';
export { sequenceBatch } from './sampling/batch-sizes';
export { type ArDiffusionProgram, compileArDiffusion } from './sampling/compile-ar-diffusion';
export {
  type SamplerParts,
  type TracedSamples,
  type TracedSequences,
  type WholeSampler,
  compileSampler,
  samplerParts,
} from './sampling/compile-sampler';
export type { ChooseCodes, ChoosingProgram, PositionDraws } from './model/code-choice';
export type { NamedDraws } from './sampling/draws';
export {
  type Place,
  NonFiniteError,
  firstNonFinite,
  pixelPlace,
  requireFinite,
  sequencePlace,
} from './sampling/finite';
export { type FlowMapProgram, compileFlowMap } from './sampling/flow-map';
export {
  type MarginalSamples,
  type PoolShape,
  independentMarginals,
  smallestMarginalPool,
  whyNoMarginals,
} from './sampling/independent-marginals';
export { type NoisePlace, noiseBetween } from './sampling/noise-between';
export { type OneStepProgram, compileOneStep } from './sampling/one-step-sampler';
export { type RefinementProgram, compileRefinement } from './sampling/refinement-sampler';
export { drawSampleNoise } from './sampling/sample-streams';
export { skipLastSteps } from './sampling/skipped-steps';
export { type StepPositions, stepPositions } from './sampling/step-positions';
export { type StepwiseSampler, compileStepwise, hasEvenSteps } from './sampling/stepwise-sampler';
export {
  type PoolEnvironment,
  type TeacherPool,
  type TeacherPoolOptions,
  createTeacherPool,
} from './sampling/teacher-pool';
export { drawSteps, refineWithTeacher } from './sampling/teacher-refinement';
export { compileTwoSteps } from './sampling/two-step-sampler';
export { type CompilerOf, compileWatchedDecoding } from './sampling/watched-decoding';
export type { WatchedStep, WatchedTeacher } from './sampling/watched-steps';
export { compileWatchedTeacher, type WatchedTeacherProgram } from './sampling/watched-teacher';
