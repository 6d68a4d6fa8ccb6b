export { type ElementType, nonFiniteCount } from './element-types';
export { CheckpointFormatError } from './errors';
export { atomicFolder } from './files/atomic-folder';
export { openPlainFile, type PlainFileOptions } from './files/open-plain-file';
export {
  atomicWriteFile,
  isTemporaryFile,
  syncFolder,
  temporaryPath,
  writeNewFile,
} from './files/atomic-write';
export { namingFile } from './files/naming-file';
export { float32ToFloat16 } from '@ar-distill/program';
export {
  isModelDirectory,
  openModelDirectory,
  readModelConfig,
} from './model-directory/open-model-directory';
export { parseJsonObject, readSmallFile } from './model-directory/small-files';
export {
  type ModelDirectoryOptions,
  type StoredTensorSource,
  writeModelDirectory,
} from './model-directory/write-model-directory';
export { type CheckpointFile, openCheckpoint, readCheckpoint } from './open-checkpoint';
export { CHECKSUM_KEY, verifySafetensors } from './safetensors/checksum';
export { openSafetensors, readSafetensors } from './safetensors/safetensors-file';
export { writeSafetensors } from './safetensors/write-safetensors';
export { type BlockedDict, type TensorDict, unreadable } from './torch/state-dict';
export type { WeightsFile } from './weights-file';
