import { syncFolder, temporaryPath } from '@ar-distill/checkpoints';
import { randomBytes } from 'node:crypto';
import { statSync } from 'node:fs';
import { link, open, rename, rm } from 'node:fs/promises';
import path from 'node:path';
import { hasCode } from './error-code';
import { readPlainFile, type PlainFile } from './plain-file';
import { ownIdentity, type ProcessIdentity } from './process-identity';

/** Who holds a lock. */
export interface LockOwner extends ProcessIdentity {
  /** No two locks have the same. */
  readonly token: string;
  /** When the lock was made, in ISO 8601. */
  readonly since: string;
  /** Number of the run's folder in its file system: tells a copy of the run from itself. */
  readonly folder?: string | undefined;
}

/** Who holds a lock, as far as its text says; older versions wrote nothing but a number. */
export type LockHolder =
  | { readonly kind: 'owner'; readonly owner: LockOwner }
  | { readonly kind: 'number'; readonly pid: number }
  | { readonly kind: 'unreadable' };

/** Far more than a lock has. */
const MAX_BYTES = 4096;
/** What file systems without hard links (FAT, some network shares) answer. */
const NO_HARD_LINKS = ['EPERM', 'EACCES', 'ENOTSUP', 'EOPNOTSUPP', 'ENOSYS', 'EMLINK'] as const;
/** A machine may have no name. */
const HOST = /^[\w.-]{0,255}$/;

/** The text of a new lock of this process on a folder that is there. */
export function newLockText(folder: string): string {
  const owner: LockOwner = {
    ...ownIdentity(),
    token: randomBytes(16).toString('hex'),
    since: new Date().toISOString(),
    folder: numberOf(folder),
  };
  return `${JSON.stringify(owner)}\n`;
}

/** Whether a lock was copied into this folder with the run that it was made for. */
export function isCopied({ folder: made }: LockOwner, folder: string): boolean {
  return made !== undefined && made !== numberOf(folder);
}

function numberOf(folder: string): string {
  return String(statSync(folder).ino);
}

/** The lock that is there; undefined without one. Throws an `Error` when it is no plain file. */
export function readLock(file: string): PlainFile | undefined {
  return readPlainFile(file, MAX_BYTES);
}

/** What a lock says. */
export function parseLock(text: string): LockHolder {
  if (/^[1-9]\d{0,9}\s*$/.test(text)) return { kind: 'number', pid: Number(text) };
  try {
    const value: unknown = JSON.parse(text);
    return isOwner(value) ? { kind: 'owner', owner: value } : { kind: 'unreadable' };
  } catch {
    return { kind: 'unreadable' };
  }
}

/** The holder, for a sentence. */
export function describeHolder(text: string): string {
  const holder = parseLock(text);
  if (holder.kind === 'unreadable') return 'an unknown process';
  if (holder.kind === 'number') return `process ${holder.pid}`;
  const { pid, host, namespace, since } = holder.owner;
  const own = ownIdentity();
  const place =
    host !== own.host
      ? ` on "${host}"`
      : namespace !== own.namespace
        ? ' of another container of this machine'
        : '';
  return `process ${pid}${place} since ${since}`;
}

/**
 * Makes a lock with this text, which appears at once and survives a power cut; false when there is
 * one already. Without hard links it can be seen empty for a moment.
 */
export async function placeLock(file: string, text: string): Promise<boolean> {
  const own = temporaryPath(file);
  try {
    await writeNew(own, text);
    if (!(await linkOrWrite(own, file, text))) return false;
  } finally {
    await rm(own, { force: true });
  }
  await syncFolder(path.dirname(file));
  return true;
}

/**
 * Removes the lock that was seen, and no other. Two processes can find the same abandoned lock: each
 * moves away what is there and looks again, so that the slower one gives back what the faster one
 * has made since.
 */
export async function removeLock(file: string, seen: PlainFile): Promise<void> {
  const aside = temporaryPath(file);
  try {
    await rename(file, aside);
  } catch (error) {
    if (hasCode(error, 'ENOENT')) return;
    throw error;
  }
  const moved = readLock(aside);
  const isSame = moved?.text === seen.text && moved.inode === seen.inode;
  if (moved && !isSame) await placeLock(file, moved.text);
  await rm(aside, { force: true });
}

/** False when the name is taken. */
async function linkOrWrite(own: string, file: string, text: string): Promise<boolean> {
  try {
    await link(own, file);
    return true;
  } catch (error) {
    // Missing: whoever opened the run in between has cleared away what looked left over.
    if (hasCode(error, 'EEXIST') || hasCode(error, 'ENOENT')) return false;
    if (!NO_HARD_LINKS.some((code) => hasCode(error, code))) throw error;
    return writeUnlessThere(file, text);
  }
}

async function writeUnlessThere(file: string, text: string): Promise<boolean> {
  try {
    await writeNew(file, text);
    return true;
  } catch (error) {
    if (hasCode(error, 'EEXIST')) return false;
    // Half a lock would keep everyone out.
    await rm(file, { force: true });
    throw error;
  }
}

async function writeNew(file: string, text: string): Promise<void> {
  const handle = await open(file, 'wx');
  try {
    await handle.writeFile(text);
    await handle.sync();
  } finally {
    await handle.close();
  }
}

function isOwner(value: unknown): value is LockOwner {
  if (typeof value !== 'object' || value === null) return false;
  const { host, pid, token, since, start, boot, namespace, folder } = value as Record<string, unknown>;
  return (
    typeof host === 'string' &&
    HOST.test(host) &&
    Number.isSafeInteger(pid) &&
    Number(pid) > 0 &&
    typeof token === 'string' &&
    typeof since === 'string' &&
    /^[\d:.TZ-]+$/.test(since) &&
    [start, boot, namespace, folder].every((text) => text === undefined || typeof text === 'string')
  );
}
