import { existsSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import path from 'node:path';
import type { PresetContext } from '../context';
import type { StoredGenerator } from '../models/generator-file';

/** Name of the program in its model directory. */
export const PYTORCH_FILE = 'generator.py';
/** What all families share, in the order in which Python reads it. */
const SHARED = ['generator_base.py', 'generator_command.py'];
/** Of this package, whose sources and whose built files are as far below it. */
const ASSETS = path.join(__dirname, '..', '..', 'assets');

/** A generator and its decoder in PyTorch. */
export interface PytorchProgram {
  /** Python; absent where there is no program. */
  readonly text?: string;
  /** Why there is none: a sentence. */
  readonly absent?: string;
}

/**
 * One Python file that draws with a model directory's generator: what all families share and the part of this one.
 * @throws Error when the file that the backbone names is not there.
 */
export async function pytorchProgram(
  { found: { backbone } }: Pick<PresetContext, 'found'>,
  { isOfMethod }: Pick<StoredGenerator, 'isOfMethod'>,
): Promise<PytorchProgram> {
  const { name, pytorchFile } = backbone;
  if (pytorchFile === undefined) {
    return { absent: `There is no PyTorch program, because the plugin of "${name}" brings none.` };
  }
  if (isOfMethod) {
    return { absent: 'There is no PyTorch program for generators of this method.' };
  }
  if (!existsSync(pytorchFile)) {
    throw new Error(`The backbone "${name}" lacks "${pytorchFile}": install its plugin again.`);
  }
  const parts = [...SHARED.map((file) => path.join(ASSETS, file)), pytorchFile];
  const texts = await Promise.all(parts.map((part) => readFile(part, 'utf8')));
  return { text: `${texts.map((text) => text.trim()).join('\n\n\n')}\n` };
}
