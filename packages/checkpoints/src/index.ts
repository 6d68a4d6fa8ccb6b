export { atomicWriteFile, isTemporaryFile, type Bytes } from './files/atomic-write';
export { CheckpointFormatError } from './errors';
export { float32ToFloat16 } from './float16';
export {
  openSafetensors,
  readSafetensors,
  type SafetensorsContents,
  type SafetensorsFile,
} from './safetensors/safetensors-file';
export { writeSafetensors, type SafetensorsOptions } from './safetensors/write-safetensors';
export { readTorchCheckpoint, type TorchCheckpointOptions } from './torch/read-torch-checkpoint';
export { readCheckpoint } from './read-checkpoint';
