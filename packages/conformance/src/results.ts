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

/** The stack of an error, then those of its causes. */
export function stackOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  const own = error.stack ?? error.message;
  return error.cause === undefined ? own : `${own}\nCaused by: ${stackOf(error.cause)}`;
}
