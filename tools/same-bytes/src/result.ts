import { createHash } from 'node:crypto';
import { createWriteStream, existsSync } from 'node:fs';
import { cp, mkdir, mkdtemp, readdir, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { cpus } from 'node:os';
import path from 'node:path';
import { finished } from 'node:stream/promises';
import type { QuickRun } from './quick-runs';
import { runCommand } from './child-process';
import { checkRecorded, type Dialect } from './dialect';
import { canonicalJson } from './tree';

/** Files of a result, beside the folder `arrays`. */
export const CHECKPOINT_FILE = 'checkpoint.safetensors';
export const ARRAYS_FOLDER = 'arrays';
export const SAMPLES_FILE = 'samples.npz';
const CONFIG_FILE = 'config.json';

/**
 * Folder of a result below the cache: the commit, what the values depend on besides it (processor and
 * Node), the preset and all that the command is told.
 */
export function resultFolder(
  commit: string,
  { preset, sampled }: QuickRun,
  dialect: Dialect,
): string {
  const machine = [cpus()[0]?.model, process.platform, process.arch, process.version].join(' ');
  const told = canonicalJson({ ...dialect.config, sampled });
  return path.join(`${commit.slice(0, 12)}-${hash(machine)}`, `${preset}-${hash(told)}`);
}

/**
 * The folder, filled by `make` unless it is there already. It appears whole or not at all.
 */
export async function keepResult(
  folder: string,
  make: (temporary: string) => Promise<void>,
): Promise<void> {
  if (existsSync(folder)) return;
  await mkdir(path.dirname(folder), { recursive: true });
  const temporary = await mkdtemp(path.join(path.dirname(folder), '.unfinished-'));
  try {
    await make(temporary);
    await rename(temporary, folder);
  } catch (error) {
    await rm(temporary, { recursive: true, force: true });
    // When another process was faster, what it made is as good.
    if (!existsSync(folder)) throw error;
  }
}

/**
 * Distils and samples with a checkout's command, on one thread, and puts what is compared into
 * `folder`, with the run's config and a log beside it.
 * @throws Error when a command fails, or the run used other settings.
 */
export async function makeResult(
  checkout: string,
  quick: QuickRun,
  dialect: Dialect,
  folder: string,
  signal: AbortSignal,
): Promise<void> {
  const work = path.join(folder, 'work');
  await mkdir(work);
  const log = createWriteStream(path.join(folder, 'log.txt'));
  const command = async (...args: readonly string[]): Promise<void> => {
    const entry = path.join(checkout, dialect.entry);
    await runCommand(process.execPath, [entry, ...args], { cwd: checkout, signal, log });
  };
  try {
    const runs = path.join(work, 'runs');
    const config = path.join(work, 'distill.yaml');
    // JSON is YAML.
    await writeFile(config, JSON.stringify({ ...dialect.config, out: runs }, null, 2));
    await command('distill', '--config', config);
    const [run, ...others] = await readdir(runs);
    if (run === undefined || others.length > 0) {
      throw new Error(`"distill" left ${others.length + (run ? 1 : 0)} run directories, not one.`);
    }
    const runFolder = path.join(runs, run);
    const recorded: unknown = JSON.parse(await readFile(path.join(runFolder, CONFIG_FILE), 'utf8'));
    checkRecorded(recorded, quick, dialect);
    if (quick.sampled) await command(...sampleArguments(quick, runFolder, folder, work));
    for (const name of [CHECKPOINT_FILE, ARRAYS_FOLDER, CONFIG_FILE]) {
      await rename(path.join(runFolder, name), path.join(folder, name));
    }
    await rm(work, { recursive: true });
  } finally {
    log.end();
    await finished(log);
  }
}

/** Copies a result to where the user wants to look at it. */
export async function copyResult(from: string, to: string): Promise<void> {
  await rm(to, { recursive: true, force: true });
  await cp(from, to, { recursive: true });
}

function sampleArguments(
  { preset }: QuickRun,
  run: string,
  folder: string,
  work: string,
): readonly string[] {
  return [
    ...['sample', '--preset', preset, '--weights', run, '--count', '100', '--seed', '0'],
    ...['--npz', path.join(folder, SAMPLES_FILE), '--out', path.join(work, 'samples.png')],
    ...['--threads', '1'],
  ];
}

function hash(text: string): string {
  return createHash('sha256').update(text).digest('hex').slice(0, 8);
}
