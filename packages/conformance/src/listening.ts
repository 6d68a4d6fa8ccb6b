import type { CheckRunOptions } from './check';
import type { ConformanceResult } from './results';

/** Who listens to the kit. */
export interface Listening {
  /** Told every result as it comes: the `done`-th of `total`. */
  onResult?(result: ConformanceResult, done: number, total: number): void;
  /** Stops the kit between two checks; it then throws the signal's reason. */
  readonly signal?: AbortSignal | undefined;
}

/** Counts the results of `total` checks. */
export function counted({ onResult, signal }: Listening, total: number): CheckRunOptions {
  let done = 0;
  return { signal, onResult: (result) => onResult?.(result, ++done, total) };
}
