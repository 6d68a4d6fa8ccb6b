import { sep } from 'node:path';
import { errorCode } from './error-code';
import { FOLDER_VARIABLE } from './places';

/** Errors of the system that have to do with a disk, in words. */
const FAULTS: Readonly<Record<string, string>> = {
  ENOSPC: 'its disk is full',
  EDQUOT: 'your quota of its disk is used up',
  EACCES: 'you have no right to do that',
  EPERM: 'you have no right to do that',
  EROFS: 'its disk cannot be written',
  ENOTDIR: 'a part of that path is a file',
  EEXIST: 'a part of that path is a file',
};

/** Turns an error of the system into a sentence that names the path and the mend; others stay. */
export function explainFault(error: unknown, root: string): unknown {
  const fault = FAULTS[errorCode(error) ?? ''];
  if (fault === undefined) return error;
  const path = pathOf(error) ?? root;
  return new Error(
    isWithin(path, root) || isWithin(root, path)
      ? `Nothing can be built in ${root} (${fault}): mend that, or set ${FOLDER_VARIABLE} to another folder.`
      : `${path} cannot be used (${fault}): mend that, or name another with --from.`,
    { cause: error },
  );
}

/** Whether a path is a folder or lies in it: folders above it may have to be made as well. */
function isWithin(path: string, folder: string): boolean {
  return path === folder || path.startsWith(folder.endsWith(sep) ? folder : folder + sep);
}

function pathOf(error: unknown): string | undefined {
  if (typeof error !== 'object' || error === null || !('path' in error)) return undefined;
  return typeof error.path === 'string' ? error.path : undefined;
}
