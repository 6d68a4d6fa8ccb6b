import { existsSync, readdirSync } from 'node:fs';
import path from 'node:path';
import { isModelDirectory } from '@ar-distill/checkpoints';
import { RUN_CONFIG } from '@ar-distill/runs';
import { InvalidOptionError } from '../errors';
import { GENERATOR_FILE, RUNS_FOLDER } from './run-files';
import { DISTILLATION, presetOfRun, readRun, type RunFlag, type RunSubject } from './run-kinds';

/** The name of whichever run was started last. */
export const LATEST = 'latest';

/** How a command says which run it draws from. */
export interface RunReference {
  /** Run directory, or `latest`: of the finished distillations below `runs` the last one. */
  readonly run?: string | undefined;
  /** Generator in place of the one that ships: file or model directory; a run directory means `run`. */
  readonly weights?: string | undefined;
}

/** A run that somebody named, and by which option. */
export interface NamedRun {
  readonly folder: string;
  readonly flag: RunFlag;
}

/**
 * The run that is meant; undefined when none is.
 * @param subject whose runs count for `latest`.
 * @param tell gets a sentence about every later run that `latest` passes over because it cannot be read.
 * @throws InvalidOptionError when there is no such run, or a generator is named beside it.
 */
export function namedRun(
  { run, weights }: RunReference,
  subject: RunSubject = {},
  tell: (sentence: string) => void = () => undefined,
): NamedRun | undefined {
  if (run !== undefined && weights !== undefined) {
    throw new InvalidOptionError(
      'A run brings its generator: name a run or the weights of a generator, not both.',
    );
  }
  if (run === LATEST) return { folder: latestRun(subject, tell), flag: '--run' };
  if (run !== undefined) return { folder: run, flag: '--run' };
  return weights !== undefined && isRunDirectory(weights)
    ? { folder: weights, flag: '--weights' }
    : undefined;
}

/**
 * The file of a run's generator.
 * @throws InvalidOptionError when its distillation has not ended.
 */
export function generatorOfRun(folder: string): string {
  const file = path.join(folder, GENERATOR_FILE);
  if (existsSync(file)) return file;
  throw new InvalidOptionError(
    `The run "${folder}" has no generator yet: go on with "ar-distill distill --resume ${folder}".`,
  );
}

/** Whether a folder is a run: a model directory has a config of the same name. */
export function isRunDirectory(folder: string): boolean {
  return existsSync(path.join(folder, RUN_CONFIG)) && !isModelDirectory(folder);
}

/** Run directories are numbered: the highest is the latest. */
function latestRun(subject: RunSubject, tell: (sentence: string) => void): string {
  const names = existsSync(RUNS_FOLDER) ? readdirSync(RUNS_FOLDER) : [];
  const unreadable: string[] = [];
  const folder = names
    .filter((name) => /^\d+-/.test(name))
    .sort((a, b) => Number.parseInt(b, 10) - Number.parseInt(a, 10))
    .map((name) => path.join(RUNS_FOLDER, name))
    .filter((run) => existsSync(path.join(run, GENERATOR_FILE)))
    .find((run) => isDistillation(subject, run, (reason) => unreadable.push(reason)));
  if (folder !== undefined) {
    for (const reason of unreadable) tell(`A later run is passed over: ${reason}`);
    return folder;
  }
  const what = subject.found ? `of "${subject.found.name}" ` : '';
  const [first] = unreadable;
  const besides = first === undefined ? '' : `, and one cannot be read (${first.replace(/\.$/, '')})`;
  throw new InvalidOptionError(
    `There is no finished distillation ${what}in "${RUNS_FOLDER}"${besides}: run "ar-distill distill", or name a run by its path.`,
  );
}

/** Whether a run is a distillation of this very subject; its name may say anything. */
function isDistillation(
  { found }: RunSubject,
  run: string,
  onUnreadable: (reason: string) => void,
): boolean {
  try {
    const preset = presetOfRun(run);
    if (found && preset !== undefined && preset !== `${found.plugin}:${found.name}`) return false;
    readRun(DISTILLATION, {}, run, '--run');
    return true;
  } catch (error) {
    onUnreadable(error instanceof Error ? error.message : String(error));
    return false;
  }
}
