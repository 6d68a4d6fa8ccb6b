export { createRng } from './counter-rng';
export { type ExportedProgram, type ExportedPrograms, exportedPrograms } from './exported-programs';
export { float32ToFloat16 } from './float16';
export { sliceIteration, stackIterations } from './iterations';
export {
  MODEL_PRECISIONS,
  type ExportedModel,
  type ExportedSteps,
  type ModelExporter,
  type ModelFileBytes,
  type ModelPrecision,
  type SampleProgram,
} from './model-export';
export { type Rng, streamsUnder } from './rng';
export {
  callSpecs,
  checkInputs,
  checkStateValues,
  describeSpec,
  iterationsOf,
  sameSpec,
  specsOf,
  stateSpec,
  stateSpecs,
} from './step-checks';
export type { CompiledStep, StateStore, StepCompiler } from './step-compiler';
export type {
  ProgramSignature,
  StepFunction,
  StepProgram,
  StepResult,
  StepValues,
} from './step-program';
export {
  type Dtype,
  type HostTensor,
  type HostTensors,
  type TensorSource,
  type TensorSpec,
  copyTensors,
  elementCount,
  float32,
  int32,
  scalar,
  tensorSource,
} from './tensors';
