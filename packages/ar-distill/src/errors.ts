/** The command line itself is wrong: exit code 2. */
export class UsageError extends Error {
  constructor(message: string) {
    super(message);
    this.name = 'UsageError';
  }
}

/** The user stopped the command: exit code 130, as shells report SIGINT. */
export class InterruptedError extends Error {
  constructor(
    message: string,
    options?: ErrorOptions,
    /** The command that goes on, as a shell reads it; absent when nothing was begun. */
    readonly resume?: string,
  ) {
    super(message, options);
    this.name = 'InterruptedError';
  }
}

/** Exit codes of the command. */
export const EXIT = { success: 0, failure: 1, usage: 2, interrupted: 130 } as const;

/** The exit code that an error ends the command with. */
export function exitCodeOf(error: unknown): number {
  if (error instanceof UsageError || isNamed(error, 'InvalidOptionError')) return EXIT.usage;
  if (error instanceof InterruptedError) return EXIT.interrupted;
  return EXIT.failure;
}

/** Errors of other packages are told by their names: there may be more than one copy of a package. */
export function isNamed(error: unknown, name: string): error is Error {
  return error instanceof Error && error.name === name;
}

/** What the user reads: the message alone or, when debugging, the stack with all causes. */
export function describeError(error: unknown, debug: boolean): string {
  if (!(error instanceof Error)) return `Error: ${String(error)}`;
  if (!debug) return error instanceof InterruptedError ? error.message : `Error: ${error.message}`;
  const stack = error.stack ?? error.message;
  return error.cause === undefined
    ? stack
    : `${stack}\nCaused by: ${describeError(error.cause, true)}`;
}
