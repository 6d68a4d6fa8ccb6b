import { isUtf8 } from 'node:buffer';
import type { FileHandle } from 'node:fs/promises';
import type { HostTensor, HostTensors } from '@ar-distill/program';
import { decodeElements, dtypeOf } from '../element-types';
import { CheckpointFormatError, messageOf } from '../errors';
import { allocateBytes } from '../files/allocate';
import { openPlainFile } from '../files/open-plain-file';
import { readFully, readPieces } from '../files/read-bytes';
import { hostTensor } from '../host-tensor';
import type { WeightsFile } from '../weights-file';
import {
  MAX_HEADER_BYTES,
  parseSafetensorsHeader,
  type SafetensorsEntry,
  type SafetensorsHeader,
} from './header';

/** Arrays and metadata of a whole file. */
export interface SafetensorsContents {
  readonly tensors: HostTensors;
  readonly metadata: Readonly<Record<string, string>>;
}

/**
 * Opens a safetensors file (https://github.com/huggingface/safetensors) and checks its header.
 * F16, BF16 and F64 are read as float32; integers and BOOL as int32.
 * @throws CheckpointFormatError naming the file and, where there is one, the tensor at fault.
 */
export async function openSafetensors(path: string): Promise<WeightsFile> {
  const handle = await openPlainFile(path);
  try {
    const { header, dataStart } = await readHeader(handle, path);
    const entries = new Map(header.entries.map((entry) => [entry.name, entry]));
    const find = (name: string): SafetensorsEntry => {
      const entry = entries.get(name);
      if (!entry) throw new CheckpointFormatError(path, `there is no tensor "${name}".`);
      return entry;
    };
    return {
      names: [...entries.keys()],
      specs: Object.fromEntries(
        header.entries.map(({ name, type, shape }) => [name, { shape, dtype: dtypeOf(type) }]),
      ),
      storedTypes: Object.fromEntries(header.entries.map(({ name, type }) => [name, type])),
      metadata: header.metadata,
      read: async (name) => readEntry(handle, path, find(name), dataStart),
      readStored: async function* (name) {
        const { start, end } = find(name);
        yield* readPieces(handle, dataStart + start, end - start);
      },
      close: () => handle.close(),
    };
  } catch (error) {
    await handle.close();
    throw error;
  }
}

/** All arrays of a safetensors file; see `openSafetensors`. */
export async function readSafetensors(path: string): Promise<SafetensorsContents> {
  const file = await openSafetensors(path);
  try {
    const tensors: [string, HostTensor][] = [];
    for (const name of file.names) tensors.push([name, await file.read(name)]);
    return { tensors: Object.fromEntries(tensors), metadata: file.metadata };
  } finally {
    await file.close();
  }
}

async function readHeader(
  handle: FileHandle,
  path: string,
): Promise<{ header: SafetensorsHeader; dataStart: number }> {
  const { size } = await handle.stat();
  if (size < 8) {
    throw new CheckpointFormatError(
      path,
      `${size} bytes are too few for safetensors: take an undamaged copy of it.`,
    );
  }
  const prefix = Buffer.alloc(8);
  await readFully(handle, prefix, 0);
  const length = prefix.readBigUInt64LE();
  if (length > BigInt(Math.min(MAX_HEADER_BYTES, size - 8))) {
    throw new CheckpointFormatError(
      path,
      `the safetensors header would have ${length} bytes, more than the file or the format allows: take an undamaged copy of it.`,
    );
  }
  const text = new Uint8Array(Number(length));
  await readFully(handle, text, 8);
  const dataStart = 8 + text.length;
  try {
    if (!isUtf8(text)) {
      throw new Error('the safetensors header is no UTF-8: take an undamaged copy of it');
    }
    const decoded = new TextDecoder().decode(text);
    return { header: parseSafetensorsHeader(decoded, size - dataStart), dataStart };
  } catch (error) {
    throw new CheckpointFormatError(path, `${messageOf(error)}.`);
  }
}

async function readEntry(
  handle: FileHandle,
  path: string,
  { name, type, shape, start, end }: SafetensorsEntry,
  dataStart: number,
): Promise<HostTensor> {
  const bytes = allocateBytes(end - start);
  try {
    await readFully(handle, bytes, dataStart + start);
    return hostTensor(shape, decodeElements(type, bytes));
  } catch (error) {
    throw new CheckpointFormatError(
      path,
      `the tensor "${name}" cannot be read: ${messageOf(error)}.`,
    );
  }
}
