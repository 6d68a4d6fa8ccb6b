/**
 * What the system says of a write names no file, or the one with a temporary name that was really written:
 * makes `path` of such an error the file that is meant.
 * @param temporary file that is written in its place, or folder that all of it is written into.
 * @returns the error itself; others as they are, among them those of files that are read meanwhile.
 */
export function namingFile(error: unknown, file: string, temporary = file): unknown {
  if (typeof error !== 'object' || error === null || !('syscall' in error)) return error;
  const path = 'path' in error ? error.path : undefined;
  const isOfFile = typeof path === 'string' ? path.startsWith(temporary) : error.syscall !== 'read';
  return isOfFile ? Object.assign(error, { path: file }) : error;
}
