import { isError } from './is-error';

/** What Node throws when the operating system refuses something. */
interface SystemError extends Error {
  readonly code: string;
  readonly syscall: string;
  readonly path?: unknown;
  readonly dest?: unknown;
}

/** What is wrong and the mend, by the system's code; `it` is the file or folder. */
const REASONS: Readonly<Record<string, (it: string) => string>> = {
  ENOENT: (it) => `There is no file or folder ${it}: name one that is there.`,
  ENOTDIR: (it) =>
    `${capital(it)} is no folder, or lies in something that is none: name another place.`,
  EISDIR: (it) => `${capital(it)} is a folder where a file is needed: name a file.`,
  EEXIST: (it) => `${capital(it)} is there already: remove it, or name another place.`,
  ENOTEMPTY: (it) => `The folder ${it} is not empty: empty it, or name another place.`,
  EACCES: (it) =>
    `${capital(it)} may not be read or written: change its permissions, or name another place.`,
  EPERM: (it) =>
    `${capital(it)} may not be changed: change its permissions, or name another place.`,
  EROFS: (it) => `${capital(it)} lies on a disk that cannot be written to: name another place.`,
  ENOSPC: (it) =>
    `There is no space left on the disk of ${it}: free some, or name a place on another disk.`,
  EDQUOT: (it) =>
    `There is no space left for you on the disk of ${it}: free some, or name another place.`,
  EFBIG: (it) =>
    `${capital(it)} would be larger than its disk allows: name a place on another disk.`,
  ENAMETOOLONG: (it) => `The name ${it} is too long: give a shorter one.`,
  ELOOP: (it) => `${capital(it)} is a link that leads to itself: name another file.`,
  EMFILE: (it) => `Too many files are open to open ${it}: raise the limit with "ulimit -n".`,
  ENXIO: (it) => `${capital(it)} is a pipe that nobody reads: name a plain file.`,
  EIO: (it) => `The disk of ${it} failed: look at it, or name a place on another one.`,
  ETXTBSY: (it) => `${capital(it)} is in use: name another place.`,
  EBUSY: (it) => `${capital(it)} is in use: name another place.`,
  EXDEV: (it) => `${capital(it)} cannot be moved to another disk: name a place on the same one.`,
};

/** The sentence for an error of the operating system; undefined for any other error. */
export function systemErrorSentence(error: unknown): string | undefined {
  if (!isSystemError(error)) return undefined;
  const { code, syscall, path, dest } = error;
  const named = [dest, path].find((place) => typeof place === 'string');
  const it = typeof named === 'string' ? `"${shortened(named)}"` : 'a file';
  return (
    REASONS[code]?.(it) ??
    `The system refused to ${syscall} ${it} (${code}): look at it, or name another place.`
  );
}

function isSystemError(error: unknown): error is SystemError {
  return (
    isError(error) &&
    'code' in error &&
    typeof error.code === 'string' &&
    /^E[A-Z0-9]+$/.test(error.code) &&
    'syscall' in error &&
    typeof error.syscall === 'string'
  );
}

/** Names that are too long for the system are too long for a terminal. */
function shortened(path: string): string {
  return path.length <= 200 ? path : `${path.slice(0, 200)}…`;
}

function capital(text: string): string {
  return text.charAt(0).toUpperCase() + text.slice(1);
}
