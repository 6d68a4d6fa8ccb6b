/** Outcome of one rule. */
export interface ConformanceResult {
  readonly name: string;
  readonly ok: boolean;
  /** What is wrong, in a sentence; empty when `ok`. */
  readonly detail: string;
}

/** Runs a rule, which throws a sentence when it is broken. */
export async function outcome(
  name: string,
  run: () => void | Promise<void>,
): Promise<ConformanceResult> {
  try {
    await run();
    return { name, ok: true, detail: '' };
  } catch (error) {
    return { name, ok: false, detail: error instanceof Error ? error.message : String(error) };
  }
}
