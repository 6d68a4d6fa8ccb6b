import { elementCount, type HostTensor, type HostTensors } from '@ar-distill/nn';
import { elementSize, type ElementType } from '../element-types';
import { atomicWriteFile } from '../files/atomic-write';
import { float32ToFloat16 } from '../float16';
import { MAX_HEADER_BYTES } from './header';

/** Key of the header that holds text instead of a tensor. */
const METADATA_KEY = '__metadata__';
/** Bytes before the header (its length), and what the data are aligned to. */
const LENGTH_BYTES = 8;

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
  await atomicWriteFile(file, chunks(entries, header(file, entries, metadata)));
}

function header(
  file: string,
  entries: readonly Entry[],
  metadata: Readonly<Record<string, string>>,
): Uint8Array {
  let end = 0;
  const fields: [string, unknown][] = [];
  if (Object.keys(metadata).length > 0) fields.push([METADATA_KEY, metadata]);
  for (const { name, tensor, type } of entries) {
    const { shape, data } = tensor;
    if (name === METADATA_KEY) throw new RangeError(`A tensor cannot be called "${name}".`);
    if (data.length !== elementCount(shape)) {
      throw new RangeError(
        `The ${data.length} values of "${name}" do not fill its shape [${shape.join(', ')}].`,
      );
    }
    const start = end;
    end += data.length * elementSize(type);
    fields.push([name, { dtype: type, shape, data_offsets: [start, end] }]);
  }
  const json = Buffer.from(JSON.stringify(Object.fromEntries(fields)));
  // Spaces align the data.
  const padded = Math.ceil(json.length / LENGTH_BYTES) * LENGTH_BYTES;
  if (padded > MAX_HEADER_BYTES) {
    throw new RangeError(`The header of ${file} would have ${padded} bytes: write less metadata.`);
  }
  const bytes = Buffer.alloc(LENGTH_BYTES + padded, ' ');
  bytes.writeBigUInt64LE(BigInt(padded));
  json.copy(bytes, LENGTH_BYTES);
  return bytes;
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
