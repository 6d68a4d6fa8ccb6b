import { stat } from 'node:fs/promises';
import { elementCount, type HostTensor, type HostTensors } from '@ar-distill/nn';
import { decodeElements, elementSize } from '../element-types';
import { CheckpointFormatError, messageOf } from '../errors';
import { hostTensor } from '../host-tensor';
import type { TorchStorage, TorchTensor } from './pickle-values';
import { collectStateDict } from './state-dict';
import { checkView, gatherView, isContiguous } from './strided-view';
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

/**
 * Memory that the tensors of a file may take: compressed zeros and repeated views could otherwise turn
 * a small file into any amount. Real files need at most 4 times their size (flags as int32).
 */
const MAX_EXPANSION = 64;
const FREE_BYTES = 256 * 2 ** 20;

/**
 * Tensors of a PyTorch checkpoint in the zip format of `torch.save` (PyTorch ≥ 1.6), by dotted names.
 * No code in the file is run: its pickle is read by an allow-list. Half, bfloat16 and double become
 * float32, integers and flags int32.
 * @throws CheckpointFormatError naming the file and what is wrong with it.
 */
export async function readTorchCheckpoint(
  path: string,
  { key }: TorchCheckpointOptions = {},
): Promise<HostTensors> {
  const { size } = await stat(path);
  let archive: TorchArchive | undefined;
  try {
    archive = await TorchArchive.open(path);
    const tensors = collectStateDict(unpickle(await archive.readPickle()), key);
    checkSizes(archive, tensors, size);
    return await readTensors(archive, tensors);
  } catch (error) {
    throw new CheckpointFormatError(path, `${messageOf(error)}.`);
  } finally {
    await archive?.close();
  }
}

/** Refuses, before any tensor is read, what does not fit together or would not fit into memory. */
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
      if (!counted.has(storage.key)) needed += stored;
      counted.add(storage.key);
    } catch (error) {
      throw new Error(`the tensor "${name}": ${messageOf(error)}`);
    }
    needed += 4 * elementCount(shape);
    if (needed > allowed) {
      throw new Error(
        `its ${fileBytes} bytes would unfold to more than ${allowed}: save it again with torch.save`,
      );
    }
  }
}

/** Reads storage by storage, so that only one is held beside the tensors. */
async function readTensors(
  archive: TorchArchive,
  tensors: ReadonlyMap<string, TorchTensor>,
): Promise<HostTensors> {
  const users = new Map<string, [name: string, tensor: TorchTensor][]>();
  for (const [name, tensor] of tensors) {
    const list = users.get(storageId(tensor.storage));
    if (list) list.push([name, tensor]);
    else users.set(storageId(tensor.storage), [[name, tensor]]);
  }
  const values = new Map<string, HostTensor>();
  for (const list of users.values()) {
    const { storage } = list[0]![1];
    const bytes = await archive.readStorage(storage.key);
    try {
      const elements = decodeElements(storage.type, bytes);
      for (const [name, tensor] of list) {
        values.set(name, view(tensor, elements, list.length === 1));
      }
    } catch (error) {
      throw new Error(`the tensor "${list[0]![0]}": ${messageOf(error)}`);
    }
  }
  return Object.fromEntries([...tensors.keys()].map((name) => [name, values.get(name)!]));
}

/** Hostile files may give one storage several types. */
function storageId({ key, type }: TorchStorage): string {
  return `${type}:${key}`;
}

function view(
  tensor: TorchTensor,
  elements: Float32Array | Int32Array,
  ownsStorage: boolean,
): HostTensor {
  const count = elementCount(tensor.shape);
  if (ownsStorage && count === elements.length && isContiguous(tensor)) {
    return hostTensor(tensor.shape, elements);
  }
  return hostTensor(
    tensor.shape,
    elements instanceof Float32Array
      ? gatherView(tensor, elements, new Float32Array(count))
      : gatherView(tensor, elements, new Int32Array(count)),
  );
}
