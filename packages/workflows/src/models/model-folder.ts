import { readdir, stat } from 'node:fs/promises';
import path from 'node:path';
import type { StoredTensorSource } from '@ar-distill/checkpoints';
import { elementCount } from '@ar-distill/program';
import { type ModelDescription, saveModelDirectory } from '@ar-distill/runs';
import { byteProgress } from '../byte-progress';
import type { WorkflowContext } from '../context';
import { checkNewFolder } from '../settings/check-option';

/** Folder that model directories are made in when none is named. */
const MODELS_FOLDER = 'models';

/**
 * The model directory to make: the one that is named, else one called `name` under `models`.
 * @throws InvalidOptionError when it is there already, or cannot be made.
 */
export function newModelFolder(out: string | undefined, name: string): string {
  const folder = out ?? path.join(MODELS_FOLDER, name);
  checkNewFolder(folder);
  return folder;
}

/** What is written as a model directory. */
export interface WrittenModel {
  readonly description: ModelDescription;
  readonly tensors: readonly StoredTensorSource[];
  /** See `ModelDirectoryOptions`. */
  complete?(folder: string): Promise<void>;
}

/**
 * Writes a model directory and shows how far it is; returns the bytes of all its files.
 * @param stage what the progress is called: "import".
 */
export async function writeModelFolder(
  { progress, signal }: WorkflowContext,
  stage: string,
  folder: string,
  { description, tensors, complete }: WrittenModel,
): Promise<number> {
  const total = tensors.reduce((sum, tensor) => sum + bytesOf(tensor), 0);
  await saveModelDirectory(folder, description, tensors, {
    signal,
    ...(complete ? { complete } : {}),
    onProgress: byteProgress(progress, stage, total),
  });
  return bytesIn(folder);
}

async function bytesIn(folder: string): Promise<number> {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true });
  const files = entries.filter((entry) => entry.isFile());
  const sizes = await Promise.all(
    files.map(async ({ parentPath, name }) => (await stat(path.join(parentPath, name))).size),
  );
  return sizes.reduce((sum, size) => sum + size, 0);
}

function bytesOf({ shape, type }: StoredTensorSource): number {
  return elementCount(shape) * (type === 'F16' || type === 'BF16' ? 2 : 4);
}
