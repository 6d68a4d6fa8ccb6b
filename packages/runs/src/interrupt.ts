const SIGNALS = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const;
const INTERRUPTED = 130;
/**
 * Milliseconds in which a signal that comes again is the same one: npx hands on what the terminal has
 * sent to all of its processes, and a terminal that closes hangs up more than once.
 */
const SAME = 100;

/** Ctrl-C as a signal that long work looks at between its steps. */
export interface Interrupt {
  readonly signal: AbortSignal;
  /**
   * Gives Ctrl-C its usual meaning back. Once it came nothing is left but to end the process, with
   * `process.exit`: signals that come again are ignored then, so that none ends it as killed.
   */
  dispose(): void;
}

/**
 * The first SIGINT, SIGTERM or SIGHUP aborts the signal, so that the running step can be finished and
 * saved; a second one ends the process at once with exit code 130.
 *
 * @param end what a second one does instead, where native threads have to be thought of.
 */
export function onInterrupt(
  write: (text: string) => void = writeToStderr,
  end: () => void = () => process.exit(INTERRUPTED),
): Interrupt {
  const controller = new AbortController();
  let first = 0;
  const listener = (): void => {
    if (controller.signal.aborted) {
      if (performance.now() - first >= SAME) end();
      return;
    }
    first = performance.now();
    // Nothing about saving: whether there is anything to save only the work itself can tell.
    write('\nStopping; press Ctrl-C again to stop at once.\n');
    controller.abort();
  };
  for (const name of SIGNALS) process.on(name, listener);
  return {
    signal: controller.signal,
    dispose: () => {
      for (const name of SIGNALS) {
        if (controller.signal.aborted) process.off(name, ignore).on(name, ignore);
        process.off(name, listener);
      }
    },
  };
}

function ignore(): void {
  // The process is about to end.
}

function writeToStderr(text: string): void {
  process.stderr.write(text);
}
