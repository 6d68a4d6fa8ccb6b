import { chmod, mkdir, mkdtemp, readdir, rename, rm, statfs } from 'node:fs/promises';
import { join } from 'node:path';
import { errorCode } from './error-code';
import { FOLDER_VARIABLE } from './places';

const GIBIBYTE = 2 ** 30;
const NAME = /^\.building-(\d+)-/;

/**
 * Makes a folder for a build beside the place that it is going to have, and removes what processes
 * have left there that were killed while they built.
 */
export async function makeStaging(root: string): Promise<string> {
  await mkdir(root, { recursive: true });
  for (const name of await readdir(root)) {
    const [, id] = NAME.exec(name) ?? [];
    if (id !== undefined && !isRunning(Number(id))) {
      await rm(join(root, name), { recursive: true, force: true });
    }
  }
  return mkdtemp(join(root, `.building-${process.pid}-`));
}

/** @throws Error when the disk of a folder has less room than that many bytes. */
export async function checkRoom(folder: string, needed: number): Promise<void> {
  const { bavail, bsize } = await statfs(folder);
  const free = bavail * bsize;
  if (free >= needed) return;
  const [has, needs] = [free, needed].map((bytes) => (bytes / GIBIBYTE).toFixed(1));
  throw new Error(
    `The disk of ${folder} has ${has} GiB free where the build takes ${needs} GiB: free some, or set ${FOLDER_VARIABLE} to a folder on another disk.`,
  );
}

/**
 * Gives a finished build its place, in which an old one may stand: whoever loads it never finds a part.
 * When another process has put its build there meanwhile, that one stays.
 */
export async function moveIntoPlace(staging: string, place: string): Promise<void> {
  const old = `${staging}-old`;
  // A temporary folder is its maker's alone; a build may be for everybody who may look there.
  await chmod(staging, 0o755);
  const replaced = await rename(place, old).then(
    () => true,
    () => false,
  );
  try {
    await rename(staging, place);
  } catch (error) {
    if (!isTaken(error)) {
      if (replaced) await rename(old, place);
      throw error;
    }
  }
  if (replaced) await rm(old, { recursive: true, force: true });
}

function isTaken(error: unknown): boolean {
  const code = errorCode(error);
  return code === 'ENOTEMPTY' || code === 'EEXIST';
}

function isRunning(id: number): boolean {
  try {
    process.kill(id, 0);
    return true;
  } catch (error) {
    // EPERM: it runs, and belongs to somebody else.
    return errorCode(error) === 'EPERM';
  }
}
