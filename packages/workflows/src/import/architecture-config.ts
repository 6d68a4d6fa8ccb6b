import path from 'node:path';
import { existsSync, statSync } from 'node:fs';
import { parse } from 'yaml';
import { CheckpointFormatError, parseJsonObject, readSmallFile } from '@ar-distill/checkpoints';
import type { Tree } from '../settings/merge';
import { refuseDeepYaml } from '../settings/yaml-nesting';

const MAX_BYTES = 2 ** 18;
/** The time of YAML's parser grows with the square of the number of keys. */
const MAX_YAML_LENGTH = 2 ** 16;

/** A file with keys of an architecture that tensors do not tell. */
export interface ArchitectureConfig {
  readonly file: string;
  readonly keys: Tree;
  /** Named by the user: every key in it is meant for the import. */
  readonly isNamed: boolean;
}

/**
 * The keys of a `config.json` beside the checkpoint (or in it, when it is a folder) and those of the file
 * that the user named (JSON or YAML), which come before them.
 * @throws CheckpointFormatError naming the file that cannot be read or parsed.
 */
export async function readArchitectureConfigs(
  checkpoint: string,
  named: string | undefined,
): Promise<readonly ArchitectureConfig[]> {
  const folder = statSync(checkpoint).isDirectory() ? checkpoint : path.dirname(checkpoint);
  const beside = path.join(folder, 'config.json');
  const found: ArchitectureConfig[] = [];
  if (existsSync(beside)) {
    const keys = parseJsonObject(beside, await readSmallFile(beside, MAX_BYTES));
    found.push({ file: beside, keys, isNamed: false });
  }
  if (named !== undefined) {
    const keys = parseNamed(named, await readSmallFile(named, MAX_BYTES));
    found.push({ file: named, keys, isNamed: true });
  }
  return found;
}

function parseNamed(file: string, text: string): Tree {
  if (text.trimStart().startsWith('{')) {
    try {
      return parseJsonObject(file, text);
    } catch {
      // YAML may begin with a bracket, too.
    }
  }
  if (text.length > MAX_YAML_LENGTH) {
    throw new CheckpointFormatError(
      file,
      `it has more than ${MAX_YAML_LENGTH} characters of YAML: write it as JSON.`,
    );
  }
  return parseYaml(file, text);
}

function parseYaml(file: string, text: string): Tree {
  let value: unknown;
  try {
    refuseDeepYaml(text);
    // Aliases could unfold a few bytes to any amount.
    value = parse(text, { maxAliasCount: 0, logLevel: 'error' });
  } catch (cause) {
    throw new CheckpointFormatError(file, 'it is no valid YAML or JSON.', { cause });
  }
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    throw new CheckpointFormatError(file, 'it holds no keys of an architecture.');
  }
  return value as Tree;
}
