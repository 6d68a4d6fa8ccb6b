export { ENGINE_BACKEND_NAMES, type EngineOptions, createEngine } from './engine';
export { describeBackends } from './host/describe-backends';
export { describeProvider, type ProviderDescription } from './host/describe-provider';
export type { Engine, ProgramProfile } from './host/engine-contract';
export { createModelExporter } from './onnx-export/model-exporter';
export {
  type InstalledTensorflow,
  installTensorflow,
  type InstallTensorflowOptions,
} from './tensorflow/install';
export { TENSORFLOW_VARIANTS, type TensorflowVariant } from './tensorflow/sources';
