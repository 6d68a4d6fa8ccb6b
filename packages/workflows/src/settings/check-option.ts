import { accessSync, constants, existsSync, statSync } from 'node:fs';
import path from 'node:path';
import { InvalidOptionError } from '../errors';

/** Of images that are held in memory together: those of 32×32 pixels take 40 GB then. */
const MAX_COUNT = 10_000_000;

/**
 * Checks an option that counts images.
 * @throws InvalidOptionError unless it is a whole number from 1 to 10,000,000; `what` begins the sentence.
 */
export function checkCount(what: string, count: number): void {
  if (!Number.isSafeInteger(count) || count <= 0) {
    throw new InvalidOptionError(`${what} must be a whole number above 0, not ${count}.`);
  }
  if (count > MAX_COUNT) {
    throw new InvalidOptionError(
      `${what} can be ${MAX_COUNT} at most, not ${count}: ask for fewer.`,
    );
  }
}

/** @throws InvalidOptionError unless the seed is one that random numbers take. */
export function checkSeed(seed: number): void {
  if (Number.isSafeInteger(seed) && seed >= 0) return;
  throw new InvalidOptionError(`A seed must be a whole number from 0 to 2^53 − 1, not ${seed}.`);
}

/** @throws InvalidOptionError when there is no such file, or something else goes by its name. */
export function checkFile(file: string): void {
  if (!existsSync(file)) {
    throw new InvalidOptionError(`There is no file "${file}": name one that is there.`);
  }
  if (statSync(file).isFile()) return;
  throw new InvalidOptionError(`"${file}" is ${kindOf(file)} where a file is needed: name a file.`);
}

/**
 * Checks a file that is written when everything else is done: whatever keeps it from being written is
 * said before. Its folders are made then.
 * @throws InvalidOptionError when its name does not end as that of its kind, something else has the
 *   name, or one of its folders is none.
 */
export function checkFileToWrite(file: string, what: string, extension: string): void {
  if (path.extname(file).toLowerCase() !== extension) {
    throw new InvalidOptionError(
      `"${file}" would be ${what}: give it a name that ends with "${extension}".`,
    );
  }
  if (existsSync(file) && !statSync(file).isFile()) {
    throw new InvalidOptionError(
      `"${file}" is ${kindOf(file)} where ${what} is to be written: name another file.`,
    );
  }
  checkName(path.basename(file));
  checkFolderToWrite(path.dirname(path.resolve(file)));
}

/** Bytes of a name of a file: what systems take, less those of the unfinished file beside it. */
const NAME_BYTES = 255 - 20;

function checkName(name: string): void {
  if (Buffer.byteLength(name) <= NAME_BYTES) return;
  throw new InvalidOptionError(`The name "${name.slice(0, 40)}…" is too long: give a shorter one.`);
}

/**
 * Checks a folder that something is written to; it need not be there yet.
 * @throws InvalidOptionError when it, or what it would be made in, is no folder, or none to write to.
 */
export function checkFolderToWrite(folder: string): void {
  let nearest = path.resolve(folder);
  while (!existsSync(nearest) && path.dirname(nearest) !== nearest) {
    checkName(path.basename(nearest));
    nearest = path.dirname(nearest);
  }
  if (!statSync(nearest).isDirectory()) {
    throw new InvalidOptionError(
      `"${nearest}" is ${kindOf(nearest)} where a folder is needed: name another place.`,
    );
  }
  try {
    accessSync(nearest, constants.W_OK);
  } catch (error) {
    throw new InvalidOptionError(
      `The folder "${nearest}" cannot be written to: change its permissions, or name another place.`,
      { cause: error },
    );
  }
}

/**
 * Checks a folder that is to be made.
 * @param option that names it.
 * @throws InvalidOptionError when something of that name is there, or it cannot be made.
 */
export function checkNewFolder(folder: string, option = 'out'): void {
  if (existsSync(folder)) {
    throw new InvalidOptionError(
      `"${folder}" exists already: remove it, or name another folder as "${option}".`,
      { options: [option] },
    );
  }
  checkFolderToWrite(folder);
}

function kindOf(file: string): string {
  const stats = statSync(file);
  if (stats.isDirectory()) return 'a folder';
  if (stats.isFIFO()) return 'a pipe';
  if (stats.isFile()) return 'a file';
  return 'a device';
}
