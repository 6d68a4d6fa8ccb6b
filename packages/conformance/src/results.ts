import { inspect, types } from 'node:util';

/** Whether a rule holds; `skipped` says nothing about it. */
export type ConformanceState = 'ok' | 'failed' | 'skipped';

/** Outcome of one rule. */
export interface ConformanceResult {
  /** What was checked: `plugin`, `preset "small"`, `backbone "var"`, `feature network "moments"`. */
  readonly subject: string;
  /** The rule. */
  readonly name: string;
  readonly state: ConformanceState;
  /** What is wrong, or why the rule was skipped, in a sentence; empty when `ok`. */
  readonly detail: string;
  /** Where a rule failed: the stack of what was thrown, with those of its causes. */
  readonly stack?: string;
}

/** Causes of causes that are shown: an error may be its own. */
const MAX_CAUSES = 5;

/** What was thrown, in a sentence, whatever it was. */
export function messageOf(error: unknown): string {
  if (isError(error)) return error.message || `${error.name} without a message.`;
  return typeof error === 'string' ? error : `It throws ${inspect(error)}, which is no error.`;
}

/** The stack of an error, then those of its causes. */
export function stackOf(error: unknown, causes = MAX_CAUSES): string {
  if (!isError(error)) return messageOf(error);
  const own = error.stack ?? error.message;
  if (error.cause === undefined || causes === 0) return own;
  return `${own}\nCaused by: ${stackOf(error.cause, causes - 1)}`;
}

/** Told by its form: an error of another realm is none of this one's class. */
function isError(thrown: unknown): thrown is Error {
  return thrown instanceof Error || types.isNativeError(thrown);
}
