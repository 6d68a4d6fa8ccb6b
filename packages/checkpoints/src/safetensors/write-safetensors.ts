import { elementCount, type HostTensor, type HostTensors } from '@ar-distill/nn';
import { elementSize, type ElementType } from '../element-types';
import { atomicWriteFile } from '../files/atomic-write';
import { float32ToFloat16 } from '../float16';
import { encodeSafetensorsHeader } from './encode-header';

/** How tensors are written. */
export interface SafetensorsOptions {
  /** Stores float32 tensors as float16, rounded to nearest, ties to even. */
  readonly halfPrecision?: boolean;
}

interface Entry {
  readonly name: string;
  readonly tensor: HostTensor;
  readonly type: ElementType;
}

/**
 * Writes named tensors (float32 as F32 or F16, int32 as I32) as one safetensors file, atomically,
 * tensor after tensor.
 *
 * @throws RangeError when a tensor is called `__metadata__`, has too few or too many values for its
 * shape, or a value too large for half precision, or the header would exceed 100 MB.
 */
export async function writeSafetensors(
  file: string,
  tensors: Readonly<HostTensors>,
  metadata: Readonly<Record<string, string>> = {},
  options: SafetensorsOptions = {},
): Promise<void> {
  const floatType = options.halfPrecision ? 'F16' : 'F32';
  const entries = Object.entries(tensors).map(([name, tensor]): Entry => ({
    name,
    tensor,
    type: tensor.dtype === 'float32' ? floatType : 'I32',
  }));
  // Wide elements first: then every tensor is aligned, as the format's readers like it.
  entries.sort((a, b) => elementSize(b.type) - elementSize(a.type));
  const stored = entries.map(({ name, tensor, type }) => {
    const { shape, data } = tensor;
    if (data.length !== elementCount(shape)) {
      throw new RangeError(
        `The ${data.length} values of "${name}" do not fill its shape [${shape.join(', ')}].`,
      );
    }
    return { name, shape, type };
  });
  await atomicWriteFile(file, chunks(entries, encodeSafetensorsHeader(stored, metadata)));
}

function* chunks(entries: readonly Entry[], first: Uint8Array): Generator<Uint8Array> {
  yield first;
  for (const { name, tensor, type } of entries) {
    const stored = type === 'F16' ? halves(name, tensor) : tensor.data;
    yield new Uint8Array(stored.buffer, stored.byteOffset, stored.byteLength);
  }
}

function halves(name: string, tensor: HostTensor): Uint16Array {
  if (tensor.dtype !== 'float32') throw new TypeError(`The tensor "${name}" is not float32.`);
  try {
    return float32ToFloat16(tensor.data);
  } catch (cause) {
    throw new RangeError(
      `The tensor "${name}" cannot be stored: ${(cause as Error).message} Write it in full precision.`,
      { cause },
    );
  }
}
