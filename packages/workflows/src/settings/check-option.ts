import { existsSync } from 'node:fs';
import { InvalidOptionError } from '../errors';

/**
 * Checks an option that counts something.
 * @throws InvalidOptionError unless it is a whole number above 0; `what` begins the sentence.
 */
export function checkCount(what: string, count: number): void {
  if (Number.isSafeInteger(count) && count > 0) return;
  throw new InvalidOptionError(`${what} must be a whole number above 0, not ${count}.`);
}

/** @throws InvalidOptionError unless the seed is one that random numbers take. */
export function checkSeed(seed: number): void {
  if (Number.isSafeInteger(seed) && seed >= 0) return;
  throw new InvalidOptionError(`A seed must be a whole number from 0 to 2^53 − 1, not ${seed}.`);
}

/** @throws InvalidOptionError when there is no such file. */
export function checkFile(file: string): void {
  if (existsSync(file)) return;
  throw new InvalidOptionError(`There is no file "${file}": name one that is there.`);
}
