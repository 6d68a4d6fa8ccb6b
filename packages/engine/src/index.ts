export { createEngine, type EngineOptions } from './engine';
export { describeBackends, type BackendDescription } from './host/describe-backends';
export type {
  CompiledStep,
  Engine,
  OperatorProfile,
  ProgramProfile,
  StateStore,
  StepProgram,
} from './host/program';
export type { Dtype, HostTensor, HostTensors, TensorSpec } from './ir/types';
export type { StepFunction } from './trace/trace';
