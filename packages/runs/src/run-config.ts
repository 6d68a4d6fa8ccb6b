import path from 'node:path';
import { atomicWriteFile } from '@ar-distill/checkpoints';
import { readPlainFile } from './plain-file';
import { writing } from './system-errors';

/** Name of the file that makes a folder a run directory. */
export const RUN_CONFIG = 'config.json';

/** A config is written by a program: this is far more than one has. */
const MAX_BYTES = 2 ** 20;

/** A folder that was taken for a run is none. */
export class NoRunError extends Error {
  constructor(folder: string) {
    super(`"${folder}" is no run directory: it holds no ${RUN_CONFIG}.`);
    this.name = 'NoRunError';
  }
}

/**
 * What a run says about itself, without opening it: nothing in its folder is touched.
 * @throws NoRunError when the folder is no run directory; Error when its config is no JSON.
 */
export function readRunConfig(folder: string): unknown {
  const file = path.join(path.resolve(folder), RUN_CONFIG);
  const found = readPlainFile(file, MAX_BYTES);
  if (!found) throw new NoRunError(folder);
  try {
    return JSON.parse(found.text);
  } catch (error) {
    throw new Error(`"${file}" is damaged: it is no JSON.`, { cause: error });
  }
}

/** Writes what a run says about itself. @throws Error naming the file when the system refuses. */
export async function writeRunConfig(folder: string, config: unknown): Promise<void> {
  const file = path.join(folder, RUN_CONFIG);
  const text = `${JSON.stringify(config, null, 2)}\n`;
  await writing(file, () => atomicWriteFile(file, Buffer.from(text)));
}
