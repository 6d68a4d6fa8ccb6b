/**
 * Runs code that is loaded, as a plugin is, by commands that may not need it: it must not end the process,
 * as if the command had done its work, and what it prints must not mix with what the command prints.
 * @throws Error where it calls `process.exit`, and what it throws.
 */
export function asGuest<T>(load: () => T): T {
  const restore = restrain();
  try {
    return load();
  } finally {
    restore();
  }
}

/** As `asGuest`, of code that is loaded meanwhile: nothing else should run beside it. */
export async function asGuestMeanwhile<T>(load: () => Promise<T>): Promise<T> {
  const restore = restrain();
  try {
    return await load();
  } finally {
    restore();
  }
}

function restrain(): () => void {
  const { exit, stdout, stderr } = process;
  const { write } = stdout;
  process.exit = (code) => {
    throw new Error(`it ends the process with process.exit(${code ?? ''})`);
  };
  stdout.write = stderr.write.bind(stderr);
  return () => {
    process.exit = exit;
    stdout.write = write;
  };
}
