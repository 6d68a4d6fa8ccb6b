export { createRng } from './counter-rng';
export { float32ToFloat16 } from './float16';
export {
  MODEL_PRECISIONS,
  type ExportedModel,
  type ModelExporter,
  type ModelFileBytes,
  type ModelPrecision,
  type SampleProgram,
} from './model-export';
export { type Rng, streamsUnder } from './rng';
export type { CompiledStep, StateStore, StepCompiler } from './step-compiler';
export type { StepFunction, StepProgram, StepResult, StepValues } from './step-program';
export {
  type Dtype,
  type HostTensor,
  type HostTensors,
  type TensorSource,
  type TensorSpec,
  elementCount,
  float32,
  int32,
  scalar,
  tensorSource,
} from './tensors';
