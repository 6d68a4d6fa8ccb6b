import { readdir } from 'node:fs/promises';
import path from 'node:path';
import { CheckpointFormatError } from '../errors';

/** Indexes and weights as Hugging Face libraries name them, the better ones first. */
const INDEXES = [
  'model.safetensors.index.json',
  'diffusion_pytorch_model.safetensors.index.json',
  'pytorch_model.bin.index.json',
];
const WEIGHTS = ['model.safetensors', 'diffusion_pytorch_model.safetensors', 'pytorch_model.bin'];

/** Where the weights of a folder lie: in shards that an index names, or in one file. */
export interface FolderWeights {
  /** Path of the index or of the file. */
  readonly file: string;
  readonly isIndex: boolean;
}

/**
 * The weights in a folder of the Hugging Face layout.
 * @throws CheckpointFormatError when there are none, or the folder cannot be read.
 */
export async function findWeights(folder: string): Promise<FolderWeights> {
  const names = await readdir(folder).catch((cause: unknown) => {
    throw new CheckpointFormatError(folder, 'the folder cannot be read: change its permissions.', {
      cause,
    });
  });
  const found = [...INDEXES, ...WEIGHTS].find((name) => names.includes(name));
  if (found === undefined) {
    throw new CheckpointFormatError(
      folder,
      `the folder has neither ${INDEXES[0]!} nor ${WEIGHTS[0]!}: name a file of weights.`,
    );
  }
  return { file: path.join(folder, found), isIndex: INDEXES.includes(found) };
}
