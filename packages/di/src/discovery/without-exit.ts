/**
 * Runs code that must not end the process, as a plugin that is loaded must not: commands that do not
 * need it would end in the middle, and as if they had done their work.
 * @throws Error where it calls `process.exit`, and what it throws.
 */
export function withoutExit<T>(load: () => T): T {
  const restore = refuseExit();
  try {
    return load();
  } finally {
    restore();
  }
}

/** As `withoutExit`, of code that is loaded meanwhile: nothing else should run beside it. */
export async function withoutExitMeanwhile<T>(load: () => Promise<T>): Promise<T> {
  const restore = refuseExit();
  try {
    return await load();
  } finally {
    restore();
  }
}

function refuseExit(): () => void {
  const { exit } = process;
  process.exit = (code) => {
    throw new Error(`it ends the process with process.exit(${code ?? ''})`);
  };
  return () => {
    process.exit = exit;
  };
}
