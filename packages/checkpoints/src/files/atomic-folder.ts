import { existsSync, rmdirSync, rmSync } from 'node:fs';
import { mkdir, rename } from 'node:fs/promises';
import path from 'node:path';
import { syncFolder, temporaryPath } from './atomic-write';
import { namingFile } from './naming-file';

/**
 * Makes a folder that appears at once, complete and synced: it is filled under a temporary name beside its
 * own and renamed; when `fill` fails or the process exits, nothing of it remains. Missing folders above it
 * are made.
 *
 * @param fill writes what is in it, each file synced, into the folder of the name that it is given.
 * @throws Error when the folder exists; whatever `fill` throws.
 */
export async function atomicFolder(
  folder: string,
  fill: (temporary: string) => Promise<void>,
): Promise<void> {
  if (existsSync(folder)) {
    throw new Error(`"${folder}" exists already: remove it or name another folder.`);
  }
  const parent = path.dirname(path.resolve(folder));
  const firstMade = await mkdir(parent, { recursive: true });
  const temporary = temporaryPath(folder);
  const discard = (): void => {
    rmSync(temporary, { recursive: true, force: true });
    if (firstMade !== undefined) removeEmptyFolders(parent, firstMade);
  };
  // A second Ctrl-C ends the process without an exception.
  process.once('exit', discard);
  try {
    await mkdir(temporary);
    await fill(temporary);
    await rename(temporary, folder);
    await syncFolder(parent);
  } catch (error) {
    discard();
    throw namingFile(error, folder, temporary);
  } finally {
    process.off('exit', discard);
  }
}

/** Removes `folder` and those above it up to `last`, as far as they are empty. */
function removeEmptyFolders(folder: string, last: string): void {
  try {
    for (let current = folder; ; current = path.dirname(current)) {
      rmdirSync(current);
      if (current === last) return;
    }
  } catch {
    // Something else lies there by now: it stays.
  }
}
