import { hasCode } from './error-code';

/** Why a file cannot be written, in words, by the code of the system. */
const REASONS = {
  ENOSPC: 'no space is left on its device, so free some and go on',
  EDQUOT: 'your quota is used up, so free some space and go on',
  EROFS: 'its device can only be read, so name another folder',
  EACCES: 'you may not write there, so change its permissions or name another folder',
  EPERM: 'you may not write there, so change its permissions or name another folder',
  EISDIR: 'it is a folder, so move that away',
  ENOTDIR: 'what should be a folder on the way to it is a file, so name another folder',
  ENOENT: 'its folder is gone, so name one that is there',
  EFBIG: 'it would be too large for its device, so name another folder',
  EMFILE: 'too many files are open, so raise the limit ("ulimit -n")',
  EIO: 'its device fails, so look at that',
} as const;

/** What went wrong when `file` was written: a system error becomes a sentence that names it. */
export function whileWriting(file: string, error: unknown): unknown {
  const code = codeOf(error);
  if (code === undefined) return error;
  return new Error(`"${file}" cannot be written (${code}): ${REASONS[code]}.`, { cause: error });
}

/** Does `work`, which writes `file`. @throws Error naming the file when the system refuses. */
export async function writing<T>(file: string, work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    throw whileWriting(file, error);
  }
}

function codeOf(error: unknown): keyof typeof REASONS | undefined {
  const codes = Object.keys(REASONS) as (keyof typeof REASONS)[];
  return codes.find((code) => hasCode(error, code));
}
