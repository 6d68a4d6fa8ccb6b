import { temporaryPath } from '@ar-distill/checkpoints';
import { closeSync, fstatSync, openSync, writeSync } from 'node:fs';
import { open, rm } from 'node:fs/promises';
import path from 'node:path';
import { setTimeout } from 'node:timers/promises';
import { hasCode } from './error-code';
import {
  describeHolder,
  isCopied,
  newLockText,
  parseLock,
  placeLock,
  readLock,
  removeLock,
} from './lock-file';
import type { PlainFile } from './plain-file';
import { hasProcess, livenessOf } from './process-identity';

const LOCK = 'lock';

/** Milliseconds between two heartbeats of a holder. */
export const HEARTBEAT = 2000;
/** A holder that cannot be seen from here and was silent for so long, in milliseconds, is gone. */
export const SILENCE = 20_000;
/** A lock without sense can only be one that is being written; milliseconds. */
const WRITING_TIME = 5000;
/** In milliseconds: between two looks at a silent lock, and all in all. */
const LOOK_INTERVAL = 500;
const MAX_WAIT = 3 * SILENCE;
const MAX_RETRY_DELAY = 20;
/** A lock that is given back (see `removeLock`) is away for less than this many looks, 5 ms each. */
const LOOKS_WHILE_AWAY = 40;
const LOOK_PAUSE = 5;
const SYSTEM_ERRORS = ['ENOENT', 'ENOSPC', 'EDQUOT', 'EROFS', 'EACCES', 'EPERM', 'EIO'] as const;

/** How a lock is waited for. */
export interface LockOptions {
  /** Ends the waiting, with the signal's reason. */
  readonly signal?: AbortSignal | undefined;
  /** Gets a sentence when there is something to wait for. */
  readonly onWait?: ((sentence: string) => void) | undefined;
  /** What is locked, in sentences; default `run`. */
  readonly subject?: string | undefined;
}

/** Another process that lives holds a lock. */
export class InUseError extends Error {
  constructor(message: string) {
    super(message);
    this.name = 'InUseError';
  }
}

/**
 * Marks a run, or a pool cache, as this process's own. The lock says which process holds it (host, number,
 * start, boot, number space) and is written again every two seconds.
 *
 * A process that can be seen from here (same machine and number space) holds its lock for as long as
 * it lives, suspended or not; a dead one's is taken over at once. For any other the heartbeat decides:
 * after 20 seconds of silence its lock is taken over. If it was only suspended, or never came to its
 * timers, it finds that out before it writes the next time (`assertHeld`).
 */
export class RunLock {
  private readonly heartbeat: NodeJS.Timeout;

  private constructor(
    private readonly folder: string,
    private readonly file: string,
    private readonly text: string,
    private readonly subject: string,
  ) {
    this.heartbeat = setInterval(() => this.beat(), HEARTBEAT);
    this.heartbeat.unref();
  }

  /**
   * Takes the lock of a run; waits for at most a minute until it is clear whether it is free.
   * @throws InUseError naming the process that holds it and what to do.
   */
  static async acquire(folder: string, options: LockOptions = {}): Promise<RunLock> {
    const file = path.join(folder, LOCK);
    const subject = subjectOf(options);
    const giveUp = performance.now() + MAX_WAIT;
    try {
      const text = newLockText(folder);
      while (performance.now() < giveUp) {
        options.signal?.throwIfAborted();
        if (await placeLock(file, text)) return new RunLock(folder, file, text, subject);
        const seen = readLock(file);
        if (seen && (await isAbandoned(folder, file, seen, options))) await removeLock(file, seen);
        await setTimeout(Math.random() * MAX_RETRY_DELAY, undefined, { signal: options.signal });
      }
    } catch (error) {
      throw namingFile(error, file);
    }
    throw new Error(
      `The ${subject} "${folder}" cannot be locked, because others change "${file}" all the time: try again once they are done.`,
    );
  }

  /**
   * To be called before the run is written to.
   * @throws Error when another process has taken the run over, or the lock was deleted.
   */
  assertHeld(): void {
    for (let look = 0; look < LOOKS_WHILE_AWAY; look++) {
      const seen = readLock(this.file);
      if (seen?.text === this.text) return;
      if (seen) {
        throw new Error(
          `The ${this.subject} "${this.folder}" was taken over by ${describeHolder(seen.text)} while this process was silent: leave it to that process.`,
        );
      }
      pause(LOOK_PAUSE);
    }
    throw new Error(
      `The lock of the ${this.subject} "${this.folder}" is gone, so that nothing more is written: resume the run.`,
    );
  }

  /** Lets another process open the run; does nothing when this one has lost it. */
  async release(): Promise<void> {
    clearInterval(this.heartbeat);
    if (readLock(this.file)?.text === this.text) await rm(this.file, { force: true });
  }

  /** Writes a byte that is there already: the lock gets a new date, and is whole all the time. */
  private beat(): void {
    try {
      const seen = readLock(this.file);
      if (seen?.text !== this.text) return;
      const descriptor = openSync(this.file, 'r+');
      try {
        if (fstatSync(descriptor).ino === seen.inode) writeSync(descriptor, this.text[0]!, 0);
      } finally {
        closeSync(descriptor);
      }
    } catch {
      // A file system that hangs or is full for a while: the next beat may get through.
    }
  }
}

/** Whether nobody holds the lock that was seen; waits until that is clear. */
async function isAbandoned(
  folder: string,
  file: string,
  seen: PlainFile,
  options: LockOptions,
): Promise<boolean> {
  const holder = parseLock(seen.text);
  if (holder.kind === 'number') {
    // A number of our own is that of an earlier process: this one has not written it.
    if (holder.pid === process.pid || !hasProcess(holder.pid)) return true;
    throw new InUseError(
      `The ${subjectOf(options)} "${folder}" is in use by process ${holder.pid}, says a lock of an older version: wait for it or stop it, or delete "${file}" if that process is another program.`,
    );
  }
  if (holder.kind === 'unreadable') {
    options.onWait?.(`The lock "${file}" makes no sense: waiting whether anybody writes it.`);
    return isSilent(file, seen, WRITING_TIME, options);
  }
  const liveness = livenessOf(holder.owner);
  if (liveness === 'dead') return true;
  if (liveness === 'alive') {
    if (!isCopied(holder.owner, folder)) throw inUse(folder, seen.text, options);
    throw new Error(
      `The ${subjectOf(options)} "${folder}" is a copy of one that is in use by ${describeHolder(seen.text)}: delete "${file}" to go on with the copy.`,
    );
  }
  const name = describeHolder(seen.text);
  options.onWait?.(`Waiting whether ${name} still works on "${folder}".`);
  if (await isSilent(file, seen, SILENCE, options)) return true;
  // The same lock with a new date: its holder lives.
  if (readLock(file)?.text === seen.text) throw inUse(folder, seen.text, options);
  return false;
}

function subjectOf({ subject = 'run' }: LockOptions): string {
  return subject;
}

function inUse(folder: string, text: string, options: LockOptions): InUseError {
  return new InUseError(
    `The ${subjectOf(options)} "${folder}" is in use by ${describeHolder(text)}: wait for it, or stop it first.`,
  );
}

/** Watches a lock until nobody has written it for `limit` milliseconds; false when somebody does. */
async function isSilent(
  file: string,
  seen: PlainFile,
  limit: number,
  { signal }: LockOptions,
): Promise<boolean> {
  // Clocks of two machines differ: the age is taken from the file system that dates both files.
  const age = (await fileSystemTime(file)) - seen.writtenAt;
  const end = performance.now() + limit - Math.max(0, age);
  for (;;) {
    const now = readLock(file);
    const isUntouched =
      now?.text === seen.text && now.inode === seen.inode && now.writtenAt === seen.writtenAt;
    if (!isUntouched) return false;
    const left = end - performance.now();
    if (left <= 0) return true;
    await setTimeout(Math.min(left, LOOK_INTERVAL), undefined, { signal });
  }
}

/** Now, in milliseconds, by the clock that dates files in the folder of `file`. */
async function fileSystemTime(file: string): Promise<number> {
  const probe = temporaryPath(file);
  const handle = await open(probe, 'wx');
  try {
    return (await handle.stat()).mtimeMs;
  } finally {
    await handle.close();
    await rm(probe, { force: true });
  }
}

/** Waits without letting anything else happen. */
function pause(milliseconds: number): void {
  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, milliseconds);
}

/** A system error in words that name the lock; anything else as it is. */
function namingFile(error: unknown, file: string): unknown {
  const code = SYSTEM_ERRORS.find((known) => hasCode(error, known));
  return code === undefined
    ? error
    : new Error(
        `The lock "${file}" cannot be written (${code}): check that the folder is there, can be written to and has space.`,
        { cause: error },
      );
}
