import { existsSync } from 'node:fs';
import path from 'node:path';
import { arraysFile } from '@ar-distill/runs';
import type { z } from 'zod';
import { InvalidOptionError } from '../errors';
import { differencesOf } from '../settings/differences';
import type { Tree } from '../settings/merge';
import { resolveSettings } from '../settings/resolve-settings';

/** Settings that a run may go on with other values of, each with the stage that reads it last. */
export type ResumableSettings = Readonly<Record<string, string>>;

/** The settings of a run to resume. */
export interface SettingsOfRun<S> {
  /** Run directory. */
  readonly folder: string;
  /** File of the run that is there when all is trained. */
  readonly result: string;
  /** For errors: `method "csd"`. */
  readonly whose: string;
  readonly schema: z.ZodType<S>;
  readonly made: S;
  readonly resumable: ResumableSettings;
}

/**
 * The run's settings with those on top that were given now.
 * @param tell gets a sentence for every value that changes.
 * @throws InvalidOptionError naming the setting that cannot change any more.
 */
export function resumedSettings<S>(
  { folder, result, whose, schema, made, resumable }: SettingsOfRun<S>,
  given: Tree | undefined,
  tell: (sentence: string) => void,
): S {
  if (given === undefined) return made;
  const wanted = resolveSettings(whose, schema, made, given);
  const changes = differencesOf(made, wanted);
  for (const { path: name, before, after } of changes) {
    const change = `The setting "${name}" of the run "${folder}" is ${JSON.stringify(before)} and cannot become ${JSON.stringify(after)}`;
    const stage = Object.hasOwn(resumable, name) ? resumable[name] : undefined;
    if (stage === undefined) {
      throw new InvalidOptionError(
        `${change} when it is resumed: leave it out, or start a new run with it.`,
      );
    }
    if (isFinished(folder, stage) || existsSync(path.join(folder, result))) {
      throw new InvalidOptionError(
        `${change} any more, because what it is for is done: leave it out.`,
      );
    }
  }
  for (const { path: name, before, after } of changes) {
    tell(`The setting "${name}" is ${JSON.stringify(after)} from here on, no more ${JSON.stringify(before)}.`);
  }
  return wanted;
}

/** @throws InvalidOptionError when an option that is part of a run has another value now. */
export function refuseOther(folder: string, option: string, made: unknown, given: unknown): void {
  if (given === undefined || given === made) return;
  const kept = made === undefined ? 'without it' : `with ${JSON.stringify(made)}`;
  throw new InvalidOptionError(
    `${option} cannot be ${JSON.stringify(given)} for the run "${folder}", which was started ${kept}: leave it out, or start a new run.`,
  );
}

/**
 * Checks options that are about the folder of a new run.
 * @throws InvalidOptionError when they are not those that the run got.
 */
export function refuseOtherPlace(
  folder: string,
  { out, name }: { readonly out?: string | undefined; readonly name?: string | undefined },
): void {
  const place = path.resolve(folder);
  if (out !== undefined && path.resolve(out) !== path.dirname(place)) {
    throw new InvalidOptionError(
      `The run "${folder}" stays where it is: leave --out out when you resume it.`,
    );
  }
  if (name !== undefined && path.basename(place).replace(/^\d+-/, '') !== name) {
    throw new InvalidOptionError(
      `The run "${folder}" keeps its name: leave --name out when you resume it.`,
    );
  }
}

/** Stages keep what they made under their names. */
function isFinished(folder: string, stage: string): boolean {
  return existsSync(arraysFile(folder, stage));
}
