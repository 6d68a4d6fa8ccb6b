import { setTimeout } from 'node:timers/promises';
import { InUseError, RunLock, type LockOptions } from './run-lock';

/** Milliseconds between two looks at a lock that another process holds. */
const LOOK_INTERVAL = 1000;

/**
 * Takes the lock of a folder that is there; waits for as long as a process that lives holds it, after
 * having told so once.
 * @throws the signal's reason when it is aborted.
 */
export async function waitForLock(folder: string, waiting: LockOptions): Promise<RunLock> {
  const { signal, onWait } = waiting;
  for (let isTold = false; ; isTold = true) {
    try {
      return await RunLock.acquire(folder, waiting);
    } catch (error) {
      if (!(error instanceof InUseError)) throw error;
      if (!isTold) onWait?.(error.message);
    }
    await setTimeout(LOOK_INTERVAL, undefined, { signal }).catch(() => signal?.throwIfAborted());
  }
}
