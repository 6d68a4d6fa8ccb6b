import { existsSync, statSync } from 'node:fs';
import { InvalidOptionError } from '../errors';

/**
 * Checks what is named as weights: a file or a folder of them.
 * @param kind what they are of, for the error: "teacher".
 * @throws InvalidOptionError when there is nothing of that name, or a pipe or a device, which could be waited
 *   for without end.
 */
export function checkWeightsPath(file: string, kind: string): void {
  if (!existsSync(file)) {
    throw new InvalidOptionError(
      `There is no file or folder "${file}": name a ${kind} that is there.`,
    );
  }
  const stats = statSync(file);
  if (stats.isFile() || stats.isDirectory()) return;
  throw new InvalidOptionError(
    `"${file}" is a pipe or a device where a ${kind} is needed: name a file or a folder.`,
  );
}
