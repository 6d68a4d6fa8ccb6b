import { elementCount, type HostTensor, type HostTensors } from '@ar-distill/program';
import { decodeElements, dtypeOf, elementSize } from '../element-types';
import { CheckpointFormatError, messageOf } from '../errors';
import { hostTensor } from '../host-tensor';
import type { WeightsFile } from '../weights-file';
import type { PickleValue, TorchTensor } from './pickle-values';
import { readView, readViewPieces } from './read-view';
import { type BlockedDict, collectStateDict, collectTensors, type TensorDict } from './state-dict';
import { checkView } from './strided-view';
import { TorchArchive } from './torch-archive';
import { unpickle } from './unpickle';

/** Which part of a PyTorch checkpoint is read. */
export interface TorchCheckpointOptions {
  /**
   * Dotted path of the state dict inside the checkpoint, such as `model` or `trainer.vae_local`.
   * Without it the checkpoint is the state dict when it holds tensors, else its `model`, `module` or
   * `state_dict` is.
   */
  readonly key?: string;
}

/** An open PyTorch checkpoint: all tensors of all state dicts in it. */
export interface TorchCheckpointFile extends WeightsFile {
  /** The dicts that hold tensors: state dicts, and what optimisers keep of each parameter. */
  readonly dicts: readonly TensorDict[];
  /** Those that are left out, because they hold tensors of types that are not read. */
  readonly blocked: readonly BlockedDict[];
}

/**
 * Bytes that the tensors of a file may unfold to: compressed zeros and repeated views could otherwise
 * turn a small file into any amount. Real files store each tensor once and share a few.
 */
const MAX_EXPANSION = 16;
const FREE_BYTES = 256 * 2 ** 20;

/**
 * Opens a PyTorch checkpoint in the zip format of `torch.save` (PyTorch ≥ 1.6). No code in the file is
 * run: its pickle is read by an allow-list. Checksums are compared while tensors are read.
 * @throws CheckpointFormatError naming the file and what is wrong with it.
 */
export async function openTorchCheckpoint(path: string): Promise<TorchCheckpointFile> {
  const { archive, value: found } = await openArchive(path, collectTensors);
  const { dicts, blocked, tensors } = found;
  return { ...torchWeights(path, archive, tensors), dicts, blocked };
}

/**
 * All tensors of one state dict of a PyTorch checkpoint, by dotted names. Half, bfloat16 and double
 * become float32, integers and flags int32.
 * @throws CheckpointFormatError naming the file and what is wrong with it.
 */
export async function readTorchCheckpoint(
  path: string,
  { key }: TorchCheckpointOptions = {},
): Promise<HostTensors> {
  const { archive, value: tensors } = await openArchive(path, (root) => ({
    tensors: collectStateDict(root, key),
  }));
  const file = torchWeights(path, archive, tensors.tensors);
  try {
    const read: [string, HostTensor][] = [];
    for (const name of file.names) read.push([name, await file.read(name)]);
    return Object.fromEntries(read);
  } finally {
    await file.close();
  }
}

async function openArchive<T extends { readonly tensors: ReadonlyMap<string, TorchTensor> }>(
  path: string,
  collect: (root: PickleValue) => T,
): Promise<{ readonly archive: TorchArchive; readonly value: T }> {
  let archive: TorchArchive | undefined;
  try {
    archive = await TorchArchive.open(path);
    const value = collect(unpickle(await archive.readPickle()));
    checkSizes(archive, value.tensors, archive.size);
    return { archive, value };
  } catch (error) {
    await archive?.close();
    if (error instanceof CheckpointFormatError) throw error;
    throw new CheckpointFormatError(path, `${messageOf(error)}.`);
  }
}

function torchWeights(
  path: string,
  archive: TorchArchive,
  tensors: ReadonlyMap<string, TorchTensor>,
): WeightsFile {
  const find = (name: string): TorchTensor => {
    const tensor = tensors.get(name);
    if (!tensor) throw new CheckpointFormatError(path, `there is no tensor "${name}".`);
    return tensor;
  };
  const fail = (name: string, error: unknown): CheckpointFormatError =>
    new CheckpointFormatError(path, `the tensor "${name}": ${messageOf(error)}.`);
  const entries = [...tensors];
  return {
    names: [...tensors.keys()],
    specs: Object.fromEntries(
      entries.map(([name, { shape, storage }]) => [name, { shape, dtype: dtypeOf(storage.type) }]),
    ),
    storedTypes: Object.fromEntries(entries.map(([name, { storage }]) => [name, storage.type])),
    metadata: {},
    read: async (name) => {
      const tensor = find(name);
      try {
        const bytes = await readView(archive, tensor);
        return hostTensor(tensor.shape, decodeElements(tensor.storage.type, bytes));
      } catch (error) {
        throw fail(name, error);
      }
    },
    readStored: async function* (name) {
      const tensor = find(name);
      try {
        yield* readViewPieces(archive, tensor);
      } catch (error) {
        throw fail(name, error);
      }
    },
    close: () => archive.close(),
  };
}

/** Refuses, before any tensor is read, what does not fit together or would unfold without end. */
function checkSizes(
  archive: TorchArchive,
  tensors: ReadonlyMap<string, TorchTensor>,
  fileBytes: number,
): void {
  const allowed = MAX_EXPANSION * fileBytes + FREE_BYTES;
  const counted = new Set<string>();
  let needed = 0;
  for (const [name, tensor] of tensors) {
    const { storage, shape } = tensor;
    try {
      const stored = archive.storageBytes(storage.key);
      if (stored !== storage.length * elementSize(storage.type)) {
        throw new Error(
          `needs ${storage.length} elements of type ${storage.type} in a storage of ${stored} bytes`,
        );
      }
      checkView(tensor);
      // A compressed storage may have to be unfolded again for every tensor that looks at it.
      if (!counted.has(storage.key) || archive.isCompressed(storage.key)) needed += stored;
      counted.add(storage.key);
    } catch (error) {
      throw new Error(`the tensor "${name}": ${messageOf(error)}`);
    }
    needed += elementSize(storage.type) * elementCount(shape);
    if (needed > allowed) {
      throw new Error(
        `its ${fileBytes} bytes would unfold to more than ${allowed}: save it again with torch.save`,
      );
    }
  }
}
