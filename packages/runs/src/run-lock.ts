import { randomBytes } from 'node:crypto';
import { link, readFile, rename, rm, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { hasCode } from './error-code';

const LOCK = 'lock';

/**
 * Marks a run as this process's own. The lock of a dead process (after a crash or SIGKILL), or one
 * with this process's own number, is taken over.
 * @throws Error naming the living process that holds it.
 */
export async function lockRun(folder: string): Promise<void> {
  const file = path.join(folder, LOCK);
  const own = path.join(folder, `.${LOCK}-${randomBytes(6).toString('hex')}`);
  await writeFile(own, String(process.pid));
  try {
    // Linking makes the lock and its content appear at once, unless there is one already.
    while (!(await tryLink(own, file))) await removeStale(folder, file);
  } finally {
    await rm(own, { force: true });
  }
}

/** Lets another process open the run; does nothing when this one does not hold the lock. */
export async function unlockRun(folder: string): Promise<void> {
  const file = path.join(folder, LOCK);
  if ((await readOwner(file)) === process.pid) await rm(file, { force: true });
}

async function removeStale(folder: string, file: string): Promise<void> {
  const owner = await readOwner(file);
  if (owner === undefined) return;
  if (owner !== process.pid && isAlive(owner)) {
    throw new Error(
      `The run "${folder}" is in use by process ${owner}: wait for it, or stop it first.`,
    );
  }
  // Two processes can find the same stale lock: each moves away what is there and looks again, so
  // that the slower one gives back the lock that the faster one has made since.
  const aside = path.join(folder, `.${LOCK}-${randomBytes(6).toString('hex')}`);
  try {
    await rename(file, aside);
  } catch (error) {
    if (hasCode(error, 'ENOENT')) return;
    throw error;
  }
  if ((await readOwner(aside)) !== owner) await tryLink(aside, file);
  await rm(aside, { force: true });
}

async function tryLink(existing: string, file: string): Promise<boolean> {
  try {
    await link(existing, file);
    return true;
  } catch (error) {
    if (hasCode(error, 'EEXIST')) return false;
    throw error;
  }
}

/** Number of the process that holds the lock (NaN when it is unreadable); undefined without a lock. */
async function readOwner(file: string): Promise<number | undefined> {
  try {
    return Number.parseInt(await readFile(file, 'utf8'), 10);
  } catch (error) {
    if (hasCode(error, 'ENOENT')) return undefined;
    throw error;
  }
}

function isAlive(pid: number): boolean {
  if (!Number.isInteger(pid) || pid <= 0) return false;
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    // A process of another user cannot be signalled, but is there.
    return hasCode(error, 'EPERM');
  }
}
