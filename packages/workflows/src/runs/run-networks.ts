import { existsSync, realpathSync } from 'node:fs';
import path from 'node:path';
import type { PresetContext } from '../context';
import { InvalidOptionError } from '../errors';
import { tokenizerFileOf, type ModelFiles } from '../models/preset-models';
import { checksumOf } from './file-checksum';
import type { NetworkFile, NetworkFiles } from './run-kinds';

const NETWORKS = ['teacher', 'tokenizer'] as const;
type Network = (typeof NETWORKS)[number];

/** Files to load in place of the preset's own. */
export function filesOf(networks: NetworkFiles): ModelFiles {
  const given = NETWORKS.flatMap((network) => {
    const { path: file, ships } = networks[network] ?? { ships: true };
    return file === undefined || ships ? [] : [[network, file] as const];
  });
  return Object.fromEntries(given);
}

/**
 * The networks that a run works on, as it remembers them: where they lie and what they hold. Files that
 * are given stand in for those that ship.
 */
export async function networksOf(
  context: PresetContext,
  files: ModelFiles,
  sums: Checksums = new Map(),
): Promise<NetworkFiles> {
  const known: [Network, NetworkFile][] = [];
  for (const network of NETWORKS) {
    const file = await fileOf(context, network, files);
    if (file === undefined || !existsSync(file)) continue;
    const sha256 = await sumOf(context, file, sums);
    const ships = file === context.found.preset.weights?.[network];
    known.push([network, { path: path.resolve(file), sha256, ...(ships ? { ships } : {}) }]);
  }
  return Object.fromEntries(known);
}

/** A run, and what it remembers of its networks. */
export interface RunOfNetworks {
  readonly folder: string;
  readonly networks: NetworkFiles;
}

/**
 * The networks of a run to go on with: another teacher or tokenizer would not fit what it holds. A file
 * with the same content may lie elsewhere by now.
 * @param given the files as the user named them; what is left out is the run's.
 * @throws Error with a sentence when a file is gone, has changed, or is another than the run's.
 */
export async function networksToResume(
  context: PresetContext,
  run: RunOfNetworks,
  given: ModelFiles,
): Promise<NetworkFiles> {
  const sums: Checksums = new Map();
  for (const network of NETWORKS) {
    await checkNetwork(context, run, network, given[network], sums);
  }
  return networksOf(context, { ...filesOf(run.networks), ...definedOf(given) }, sums);
}

/**
 * Files of a run's networks for drawing with them; those that are given come first. A teacher that takes no
 * part is left out, and may be gone by now: its generator states the architecture as well.
 * @throws Error with a sentence when one that is used is gone or has changed.
 */
export async function filesToDraw(
  context: PresetContext,
  run: RunOfNetworks,
  given: ModelFiles,
  withTeacher: boolean,
): Promise<ModelFiles> {
  const { teacher, tokenizer } = run.networks;
  // Runs of older versions say no tokenizer: it may lie in the teacher's folder.
  const isUsed = withTeacher || (tokenizer === undefined && teacher !== undefined);
  const networks = { tokenizer, ...(isUsed ? { teacher } : {}) };
  const used = { folder: run.folder, networks };
  for (const network of NETWORKS) {
    const isOfRun = network === 'tokenizer' || isUsed;
    if (isOfRun && given[network] === undefined) {
      await checkNetwork(context, used, network, undefined, new Map());
    }
  }
  return { ...filesOf(networks), ...definedOf(given) };
}

async function checkNetwork(
  context: PresetContext,
  { folder, networks }: RunOfNetworks,
  network: Network,
  given: string | undefined,
  sums: Checksums,
): Promise<void> {
  const made = networks[network];
  const wanted = given ?? (await fileOf(context, network, filesOf(networks)));
  if (made?.sha256 === undefined) {
    // A run of a version that kept no checksums.
    if (given === undefined || (made && !made.ships && isSamePath(given, made.path))) return;
    throw new Error(another(folder, network, made));
  }
  if (wanted === undefined || !existsSync(wanted)) {
    throw new InvalidOptionError(
      given === undefined
        ? `The ${network} "${made.path}" of the run "${folder}" is gone: put it back, or say with --${network} where it lies now.`
        : `There is no file or folder "${given}": name a ${network} that is there.`,
    );
  }
  if ((await sumOf(context, wanted, sums)) === made.sha256) return;
  if (given !== undefined) throw new Error(another(folder, network, made));
  throw new Error(
    made.ships
      ? `The ${network} that ships with "${context.found.name}" is another one than when the run "${folder}" was started: install the version of its plugin that was there then.`
      : `The ${network} "${made.path}" has changed since the run "${folder}" was started: put back what it was.`,
  );
}

function another(folder: string, network: Network, made: NetworkFile | undefined): string {
  const started = made && !made.ships ? `the ${network} "${made.path}"` : `the ${network} that ships`;
  return `"${folder}" was started with ${started}: resume it without --${network}.`;
}

/** Of files that may have gigabytes: each is read once. */
type Checksums = Map<string, string>;

async function sumOf(
  { signal }: PresetContext,
  file: string,
  sums: Checksums,
): Promise<string> {
  const sum = sums.get(file) ?? (await checksumOf(file, signal));
  sums.set(file, sum);
  return sum;
}

/** The file of a network: the one that is given, else what ships; undefined where there is none. */
async function fileOf(
  { found: { backbone, preset } }: PresetContext,
  network: Network,
  files: ModelFiles,
): Promise<string | undefined> {
  if (network === 'teacher') return files.teacher ?? preset.weights?.teacher;
  return backbone.createTokenizer && tokenizerFileOf(preset, files);
}

function definedOf(files: ModelFiles): ModelFiles {
  return Object.fromEntries(
    NETWORKS.flatMap((network) => (files[network] === undefined ? [] : [[network, files[network]]])),
  );
}

/** Whether two paths name one file, also when it is gone. */
export function isSamePath(a: string, b: string): boolean {
  const [real, other] = [a, b].map((file) =>
    existsSync(file) ? realpathSync(file) : path.resolve(file),
  );
  return real === other;
}
