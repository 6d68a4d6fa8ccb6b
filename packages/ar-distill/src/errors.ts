import { isError } from './sentences/is-error';
import { oneSentence } from './sentences/one-sentence';
import { plainReason } from './sentences/plain-reason';

/** The command line itself is wrong: exit code 2. */
export class UsageError extends Error {
  constructor(message: string, options?: ErrorOptions) {
    super(message, options);
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
  return isError(error) && error.name === name;
}

/**
 * What the user reads: one sentence or, when debugging, the stack with all causes. Whatever an error
 * says, the sentence has one line, one full stop, and nothing that steers a terminal.
 */
export function describeError(error: unknown, debug: boolean): string {
  if (debug) return stackOf(error);
  const sentence = oneSentence(plainReason(error));
  return error instanceof InterruptedError ? sentence : `Error: ${sentence}`;
}

function stackOf(error: unknown): string {
  if (!isError(error)) return `Error: ${String(error)}`;
  const stack = error.stack ?? error.message;
  return error.cause === undefined ? stack : `${stack}\nCaused by: ${stackOf(error.cause)}`;
}
