/** The folder that the command works in; undefined when somebody has deleted it. */
export function workingFolder(): string | undefined {
  try {
    return process.cwd();
  } catch {
    return undefined;
  }
}
