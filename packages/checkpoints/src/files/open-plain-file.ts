import { constants } from 'node:fs';
import { lstat, open, stat, type FileHandle } from 'node:fs/promises';
import { CheckpointFormatError } from '../errors';

/** Opening what became a pipe meanwhile must not wait for a writer; Windows knows no such flag. */
const READ_AT_ONCE = constants.O_RDONLY | (constants.O_NONBLOCK ?? 0);

/** Why a file cannot be opened, by the code of the system. */
const REASONS: Readonly<Record<string, string>> = {
  ENOENT: 'there is no such file: name one that is there',
  ENOTDIR: 'there is no such file: name one that is there',
  ELOOP: 'it is a link that leads to itself: name a file',
  EACCES: 'it may not be read: change its permissions',
  EPERM: 'it may not be read: change its permissions',
  EMFILE: 'too many files are open: raise the limit with "ulimit -n"',
};

/** What became a link meanwhile is not followed either; Windows knows no such flag. */
const READ_NO_LINK = READ_AT_ONCE | (constants.O_NOFOLLOW ?? 0);

/** How a file is opened. */
export interface PlainFileOptions {
  /** Whether the name may be that of a link to the file; default: it may. */
  readonly followLinks?: boolean;
}

/**
 * Opens a plain file for reading; a pipe or a terminal is never waited for.
 * @throws CheckpointFormatError when there is none of that name, it may not be read, or it is a folder,
 *   a pipe, a device or a link that is not followed.
 */
export async function openPlainFile(
  file: string,
  { followLinks = true }: PlainFileOptions = {},
): Promise<FileHandle> {
  await requirePlain(file, () => (followLinks ? stat(file) : lstat(file)));
  const flags = followLinks ? READ_AT_ONCE : READ_NO_LINK;
  const handle = await orExplain(file, () => open(file, flags));
  try {
    await requirePlain(file, () => handle.stat());
    return handle;
  } catch (error) {
    await handle.close();
    throw error;
  }
}

async function requirePlain(file: string, look: () => ReturnType<typeof stat>): Promise<void> {
  const stats = await orExplain(file, look);
  if (stats.isFile()) return;
  const other = stats.isSymbolicLink() ? 'a link' : 'a pipe or a device';
  const kind = stats.isDirectory() ? 'a folder' : other;
  throw new CheckpointFormatError(file, `it is ${kind} where a file is needed: name a file.`);
}

async function orExplain<T>(file: string, work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (cause) {
    const code = codeOf(cause);
    const reason = REASONS[code] ?? `it cannot be opened (${code}): copy it to another place`;
    throw new CheckpointFormatError(file, `${reason}.`, { cause });
  }
}

function codeOf(error: unknown): string {
  return typeof error === 'object' && error !== null && 'code' in error
    ? String(error.code)
    : 'no reason is given';
}
