import { existsSync } from 'node:fs';
import path from 'node:path';
import { atomicWriteFile } from '@ar-distill/checkpoints';
import { readPlainFile } from './plain-file';
import { writing } from './system-errors';

/** Name of the file that makes a folder a run directory. */
export const RUN_CONFIG = 'config.json';

/** A config is written by a program: this is far more than one has. */
const MAX_BYTES = 2 ** 20;

/** Why a folder is no run directory: a sentence; undefined when it may be one. */
export function whyNoRun(folder: string): string | undefined {
  return existsSync(path.join(path.resolve(folder), RUN_CONFIG)) ? undefined : noRun(folder);
}

function noRun(folder: string): string {
  return `"${folder}" is no run directory: it holds no ${RUN_CONFIG}.`;
}

/**
 * What a run says about itself, without opening it: nothing in its folder is touched.
 * @throws Error when the folder is no run directory, or its config is no JSON.
 */
export function readRunConfig(folder: string): unknown {
  const file = path.join(path.resolve(folder), RUN_CONFIG);
  const found = readPlainFile(file, MAX_BYTES);
  if (!found) throw new Error(noRun(folder));
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
