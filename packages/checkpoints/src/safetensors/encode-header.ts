import { elementCount } from '@ar-distill/program';
import { elementSize, type ElementType } from '../element-types';
import { MAX_HEADER_BYTES } from './header';

/** Key of the header that holds text instead of a tensor. */
const METADATA_KEY = '__metadata__';
/** Bytes before the header (its length), and what the data are aligned to. */
const LENGTH_BYTES = 8;

/** A tensor of a file that is written. */
export interface StoredTensor {
  readonly name: string;
  readonly shape: readonly number[];
  readonly type: ElementType;
}

/** Bytes that a tensor takes in a file. */
export function storedBytes({ shape, type }: StoredTensor): number {
  return elementSize(type) * elementCount(shape);
}

/**
 * The start of a safetensors file: length, header and padding. The data of the tensors follow in the
 * same order, without gaps.
 * @throws RangeError when a tensor is called `__metadata__` or the header would exceed 32 MiB.
 */
export function encodeSafetensorsHeader(
  tensors: readonly StoredTensor[],
  metadata: Readonly<Record<string, string>>,
): Uint8Array {
  let end = 0;
  const fields: [string, unknown][] = [];
  if (Object.keys(metadata).length > 0) fields.push([METADATA_KEY, metadata]);
  for (const tensor of tensors) {
    const { name, shape, type } = tensor;
    if (name === METADATA_KEY) throw new RangeError(`A tensor cannot be called "${name}".`);
    const start = end;
    end += storedBytes(tensor);
    fields.push([name, { dtype: type, shape, data_offsets: [start, end] }]);
  }
  const json = Buffer.from(JSON.stringify(Object.fromEntries(fields)));
  // Spaces align the data.
  const padded = Math.ceil(json.length / LENGTH_BYTES) * LENGTH_BYTES;
  if (padded > MAX_HEADER_BYTES) {
    throw new RangeError(`A header of ${padded} bytes is too long: write less metadata.`);
  }
  const bytes = Buffer.alloc(LENGTH_BYTES + padded, ' ');
  bytes.writeBigUInt64LE(BigInt(padded));
  json.copy(bytes, LENGTH_BYTES);
  return bytes;
}
