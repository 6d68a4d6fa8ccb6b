import type { StoredTensorSource } from '@ar-distill/checkpoints';
import type { HostTensor, HostTensors } from '@ar-distill/program';

/** A network that lies in a folder with others. */
export interface StoredNetwork {
  /** Stands before the names of tensors of which another network has others; its kind and a dot. */
  readonly prefix: string;
  readonly weights: Readonly<HostTensors>;
}

/**
 * The weights of networks that lie in one folder. A tensor that several have, such as VAR's codebook, is
 * there once; where its values differ, by the rounding of a file for instance, the later network's has
 * its prefix.
 */
export function storedTensors(networks: readonly StoredNetwork[]): readonly StoredTensorSource[] {
  const all: HostTensors = {};
  for (const { prefix, weights } of networks) {
    for (const [name, tensor] of Object.entries(weights)) {
      const known = all[name];
      const isSame = !known || Buffer.compare(bytesOf(known), bytesOf(tensor)) === 0;
      all[isSame ? name : `${prefix}${name}`] = tensor;
    }
  }
  return Object.entries(all).map(([name, tensor]) => ({
    name,
    shape: tensor.shape,
    type: tensor.dtype === 'float32' ? 'F32' : 'I32',
    read: async function* () {
      yield bytesOf(tensor);
    },
  }));
}

function bytesOf({ data }: HostTensor): Uint8Array {
  return new Uint8Array(data.buffer, data.byteOffset, data.byteLength);
}
