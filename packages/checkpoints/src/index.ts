export {
  atomicWriteFile,
  isTemporaryFile,
  syncFolder,
  temporaryPath,
  type Bytes,
} from './files/atomic-write';
export { CheckpointFormatError } from './errors';
export { float32ToFloat16 } from './float16';
export {
  openSafetensors,
  readSafetensors,
  type SafetensorsContents,
} from './safetensors/safetensors-file';
export { writeSafetensors, type SafetensorsOptions } from './safetensors/write-safetensors';
export { readTorchCheckpoint, type TorchCheckpointOptions } from './torch/torch-checkpoint';
export { openCheckpoint, readCheckpoint, type CheckpointFile } from './open-checkpoint';
export type { TensorDict } from './torch/state-dict';
export type { WeightsFile } from './weights-file';
export type { ElementType } from './element-types';
export {
  isModelDirectory,
  openModelDirectory,
  readModelConfig,
  type ModelDirectory,
} from './model-directory/open-model-directory';
export {
  writeModelDirectory,
  type ModelDirectoryOptions,
  type StoredTensorSource,
} from './model-directory/write-model-directory';
export { parseJsonObject, readSmallFile } from './model-directory/small-files';
