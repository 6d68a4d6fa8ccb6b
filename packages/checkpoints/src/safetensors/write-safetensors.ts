import {
  elementCount,
  tensorSource,
  type HostTensor,
  type HostTensors,
  type TensorSource,
  type TensorSpec,
} from '@ar-distill/nn';
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
  readonly spec: TensorSpec;
  readonly type: ElementType;
}

/**
 * Writes named tensors (float32 as F32 or F16, int32 as I32) as one safetensors file, atomically,
 * tensor after tensor: those of a source are read one by one.
 *
 * @throws RangeError when a tensor is called `__metadata__`, has too few or too many values for its
 * shape, or a value too large for half precision, or the header would exceed 100 MB.
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
  await atomicWriteFile(file, chunks(source, entries, header(file, entries, metadata)));
}

function header(
  file: string,
  entries: readonly Entry[],
  metadata: Readonly<Record<string, string>>,
): Uint8Array {
  let end = 0;
  const fields: [string, unknown][] = [];
  if (Object.keys(metadata).length > 0) fields.push([METADATA_KEY, metadata]);
  for (const { name, spec, type } of entries) {
    const { shape } = spec;
    if (name === METADATA_KEY) throw new RangeError(`A tensor cannot be called "${name}".`);
    const start = end;
    end += elementCount(shape) * elementSize(type);
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
