import path from 'node:path';
import { existsSync } from 'node:fs';
import { parse } from 'yaml';
import { CheckpointFormatError, parseJsonObject, readSmallFile } from '@ar-distill/checkpoints';
import { mergeTrees, type Tree } from '../settings/merge';

const MAX_BYTES = 2 ** 20;

/**
 * Keys of the architecture that tensors do not tell: those of a `config.json` beside the checkpoint and,
 * on top of them, those of the file that the user named (JSON or YAML).
 */
export async function readArchitectureConfig(
  checkpoint: string,
  named: string | undefined,
): Promise<Tree> {
  const beside = path.join(path.dirname(checkpoint), 'config.json');
  const found = existsSync(beside)
    ? parseJsonObject(beside, await readSmallFile(beside, MAX_BYTES))
    : {};
  if (named === undefined) return found;
  return mergeTrees(found, parseYaml(named, await readSmallFile(named, MAX_BYTES)));
}

function parseYaml(file: string, text: string): Tree {
  let value: unknown;
  try {
    // Aliases could unfold a few bytes to any amount.
    value = parse(text, { maxAliasCount: 0 });
  } catch (cause) {
    throw new CheckpointFormatError(file, 'it is no valid YAML or JSON.', { cause });
  }
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    throw new CheckpointFormatError(file, 'it holds no keys of an architecture.');
  }
  return value as Tree;
}
