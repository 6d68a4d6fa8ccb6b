const SIGNALS = ['SIGINT', 'SIGTERM'] as const;
const INTERRUPTED = 130;

/** Ctrl-C as a signal that long work looks at between its steps. */
export interface Interrupt {
  readonly signal: AbortSignal;
  /** Gives Ctrl-C its usual meaning back. */
  dispose(): void;
}

/**
 * The first SIGINT or SIGTERM aborts the signal, so that the running step can be finished and saved;
 * a second one ends the process at once with exit code 130.
 */
export function onInterrupt(write: (text: string) => void = writeToStderr): Interrupt {
  const controller = new AbortController();
  const listener = (): void => {
    if (controller.signal.aborted) process.exit(INTERRUPTED);
    write('\nFinishing the step and saving; press Ctrl-C again to stop at once.\n');
    controller.abort();
  };
  for (const name of SIGNALS) process.on(name, listener);
  return {
    signal: controller.signal,
    dispose: () => {
      for (const name of SIGNALS) process.off(name, listener);
    },
  };
}

function writeToStderr(text: string): void {
  process.stderr.write(text);
}
