import { existsSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import path from 'node:path';
import type { PresetContext } from '../context';
import type { StoredGenerator } from '../models/generator-file';
import { isTrainedForTwo } from '../models/generator-steps';

/** Name of the program in its model directory. */
export const PYTORCH_FILE = 'generator.py';
/** Of this package, whose sources and whose built files are as far below it. */
const ASSETS = path.join(__dirname, '..', '..', 'assets');

/** A generator and its decoder in PyTorch. */
export interface PytorchProgram {
  /** Python; absent where there is no program. */
  readonly text?: string;
  /** Why there is none: a sentence. */
  readonly absent?: string;
  /** Whether it also draws in two network evaluations. */
  readonly isForTwo?: boolean;
}

/**
 * One Python file that draws with a model directory's generator: what all families share and the part of this one.
 * @throws Error when a file that the backbone names is not there.
 */
export async function pytorchProgram(
  { found: { backbone } }: Pick<PresetContext, 'found'>,
  stored: Pick<StoredGenerator, 'generator' | 'isOfMethod' | 'provenance' | 'weights'>,
): Promise<PytorchProgram> {
  const { name, pytorchFiles, pytorchFilesOfMethods } = backbone;
  const method = stored.isOfMethod ? String(stored.provenance['method']) : undefined;
  const files = method === undefined ? pytorchFiles : pytorchFilesOfMethods?.[method];
  if (files === undefined) {
    const what = method === undefined ? '' : ` for generators of the method "${method}"`;
    return {
      absent: `There is no PyTorch program${what}, because the plugin of "${name}" brings none.`,
    };
  }
  const missing = files.find((file) => !existsSync(file));
  if (missing !== undefined) {
    throw new Error(`The backbone "${name}" lacks "${missing}": install its plugin again.`);
  }
  const parts = [...sharedFiles(method), ...files];
  const texts = await Promise.all(parts.map((part) => readFile(part, 'utf8')));
  return {
    text: `${texts.map((text) => text.trim()).join('\n\n\n')}\n`,
    isForTwo: isTrainedForTwo(stored),
  };
}

/** What all families share, in the order in which Python reads it; methods of other plugins share nothing. */
function sharedFiles(method: string | undefined): readonly string[] {
  const asset = (part: string): string => path.join(ASSETS, `generator_${part}.py`);
  const ofKind = asset(method === undefined ? 'ar_diffusion' : `of_${method}`);
  const isOurs = method === undefined || existsSync(ofKind);
  return [asset('base'), ...(isOurs ? [ofKind] : []), asset('command')];
}
