import { stat } from 'node:fs/promises';
import { CheckpointFormatError } from './errors';
import { openPlainFile } from './files/open-plain-file';
import {
  openSafetensors,
  readSafetensors,
  type SafetensorsContents,
} from './safetensors/safetensors-file';
import { findWeights } from './sharded/find-weights';
import { openShards } from './sharded/open-shards';
import type { BlockedDict, TensorDict } from './torch/state-dict';
import {
  openTorchCheckpoint,
  readTorchCheckpoint,
  type TorchCheckpointOptions,
} from './torch/torch-checkpoint';
import type { WeightsFile } from './weights-file';

/** Weights of either format, in a file or in the shards of a folder. */
export interface CheckpointFile extends WeightsFile {
  /** The dicts that hold tensors; one with the path '' in a safetensors file. */
  readonly dicts: readonly TensorDict[];
  /** Dicts that are left out, because they hold tensors of types that are not read. */
  readonly blocked: readonly BlockedDict[];
}

/**
 * Opens weights: a file of either format, which its content tells (safetensors, or the zip format of
 * `torch.save`), or a folder in the Hugging Face layout with one file of weights or with shards and their
 * index. Tensors are read one by one.
 * @throws CheckpointFormatError when a file is not there, broken or of another kind, such as PyTorch's
 *   format before 1.6.
 */
export async function openCheckpoint(path: string): Promise<CheckpointFile> {
  if (!(await isFolder(path))) return openFile(path);
  const { file, isIndex } = await findWeights(path);
  if (!isIndex) return openFile(file);
  return asOneDict(await openShards(file, openFile));
}

/**
 * Reads all of a weights file of either format. Metadata are empty for PyTorch files.
 * @throws CheckpointFormatError as `openCheckpoint` does.
 */
export async function readCheckpoint(
  path: string,
  options: TorchCheckpointOptions = {},
): Promise<SafetensorsContents> {
  if ((await formatOf(path)) === 'safetensors') return readSafetensors(path);
  return { tensors: await readTorchCheckpoint(path, options), metadata: {} };
}

async function isFolder(path: string): Promise<boolean> {
  // Whatever is wrong with it is said when it is opened.
  const stats = await stat(path).catch(() => undefined);
  return stats?.isDirectory() ?? false;
}

async function openFile(path: string): Promise<CheckpointFile> {
  if ((await formatOf(path)) === 'torch') return openTorchCheckpoint(path);
  return asOneDict(await openSafetensors(path));
}

function asOneDict(file: WeightsFile): CheckpointFile {
  return { ...file, dicts: [{ path: '', keys: file.names }], blocked: [] };
}

async function formatOf(path: string): Promise<'torch' | 'safetensors'> {
  const head = await readHead(path);
  if (head.subarray(0, 4).equals(Buffer.from('PK\x03\x04', 'latin1'))) return 'torch';
  if (head[8] === 0x7b /* { */) return 'safetensors';
  if (head[0] === 0x80) {
    throw new CheckpointFormatError(
      path,
      'this is a pickle in the format before PyTorch 1.6, which is not read: convert it with torch.save(torch.load(path, weights_only=True), path).',
    );
  }
  const pointer = head.toString('latin1').startsWith('version https://git-lfs');
  throw new CheckpointFormatError(
    path,
    pointer
      ? 'this is a Git LFS pointer, not the file it stands for: run git lfs pull.'
      : 'this is neither safetensors nor a checkpoint of torch.save: name another file.',
  );
}

async function readHead(path: string): Promise<Buffer> {
  const handle = await openPlainFile(path);
  try {
    const head = Buffer.alloc(32);
    const { bytesRead } = await handle.read(head, 0, head.length, 0);
    return head.subarray(0, bytesRead);
  } finally {
    await handle.close();
  }
}
