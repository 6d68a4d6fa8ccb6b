import { float32, type HostTensor, int32 } from '@ar-distill/program';

/** A host array of whichever type `data` has. */
export function hostTensor(shape: readonly number[], data: Float32Array | Int32Array): HostTensor {
  return data instanceof Float32Array ? float32(shape, data) : int32(shape, data);
}
