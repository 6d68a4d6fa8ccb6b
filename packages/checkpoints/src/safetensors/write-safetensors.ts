import {
  elementCount,
  float32ToFloat16,
  type HostTensor,
  type HostTensors,
  tensorSource,
  type TensorSource,
  type TensorSpec,
} from '@ar-distill/program';
import { elementSize, type ElementType } from '../element-types';
import { atomicWriteFile } from '../files/atomic-write';
import { FileChecksum, NO_CHECKSUM } from './checksum';
import { encodeSafetensorsHeader } from './encode-header';

/** How tensors are written. */
export interface SafetensorsOptions {
  /** Stores float32 tensors as float16, rounded to nearest, ties to even. */
  readonly halfPrecision?: boolean;
  /** Writes a checksum of the whole file into its metadata, for `verifySafetensors`. */
  readonly checksum?: boolean;
}

interface Entry {
  readonly name: string;
  readonly spec: TensorSpec;
  readonly type: ElementType;
}

/**
 * Writes named tensors (float32 as F32 or F16, int32 as I32) as one safetensors file, atomically,
 * tensor after tensor: those of a source are read one by one.
 *
 * @throws RangeError when a tensor is called `__metadata__`, has too few or too many values for its
 * shape, or a value too large for half precision, or the header would exceed 32 MiB.
 */
export async function writeSafetensors(
  file: string,
  tensors: Readonly<HostTensors> | TensorSource,
  metadata: Readonly<Record<string, string>> = {},
  options: SafetensorsOptions = {},
): Promise<void> {
  const floatType = options.halfPrecision ? 'F16' : 'F32';
  const source = isSource(tensors) ? tensors : tensorSource(tensors);
  const entries = Object.entries(source.specs).map(([name, spec]): Entry => ({
    name,
    spec,
    type: spec.dtype === 'float32' ? floatType : 'I32',
  }));
  // Wide elements first: then every tensor is aligned, as the format's readers like it.
  entries.sort((a, b) => elementSize(b.type) - elementSize(a.type));
  const stored = entries.map(({ name, spec, type }) => ({ name, shape: spec.shape, type }));
  if (!options.checksum) {
    await atomicWriteFile(file, chunks(source, entries, encodeSafetensorsHeader(stored, metadata)));
    return;
  }
  const first = encodeSafetensorsHeader(stored, { ...metadata, ...NO_CHECKSUM });
  const sum = new FileChecksum(first);
  await atomicWriteFile(file, sum.watch(chunks(source, entries, first)), () => sum.patch());
}

function isSource(tensors: Readonly<HostTensors> | TensorSource): tensors is TensorSource {
  return typeof tensors['read'] === 'function';
}

async function* chunks(
  source: TensorSource,
  entries: readonly Entry[],
  first: Uint8Array,
): AsyncGenerator<Uint8Array> {
  yield first;
  for (const { name, type, spec } of entries) {
    const tensor = (await source.read([name]))[name];
    if (!tensor) throw new Error(`The source gave no tensor "${name}".`);
    if (tensor.data.length !== elementCount(spec.shape)) {
      throw new RangeError(
        `The ${tensor.data.length} values of "${name}" do not fill its shape [${spec.shape.join(', ')}].`,
      );
    }
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
