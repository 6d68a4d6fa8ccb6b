import { setImmediate } from 'node:timers/promises';
import * as tf from '@tensorflow/tfjs';
import { type ConformanceResult, messageOf, stackOf } from './results';

/** One rule of the contract. */
export interface Check<S = void> {
  /** Short name, for `needs`. */
  readonly id: string;
  /** What is shown. */
  readonly name: string;
  /** Ids of earlier checks; when one of them fails, the outcome of this one would say nothing. */
  readonly needs?: readonly string[];
  /** Why the rule says nothing about the subject, as half a sentence; undefined where it applies. */
  exempts?(subject: S): string | undefined;
  /** Throws an `Error` with a sentence when the rule is broken. */
  run(subject: S): void | Promise<void>;
}

/** Who listens to a run of checks. */
export interface CheckRunOptions {
  /** Told every result at once. */
  onResult(result: ConformanceResult): void;
  /** Looked at between two checks. */
  readonly signal?: AbortSignal | undefined;
}

/**
 * Runs checks in order and keeps what came out. A check whose prerequisite failed is skipped and names
 * the failure that it comes from, so that one mistake is one failure.
 */
export class CheckRun {
  readonly results: ConformanceResult[] = [];
  /** Names of the failures that checks come from, by the ids of the checks. */
  private readonly causes = new Map<string, string>();

  constructor(
    private readonly subject: string,
    private readonly options: CheckRunOptions,
  ) {}

  /**
   * Runs one check; the tensors that it makes are freed.
   * @throws what the signal was aborted with.
   */
  async run<S>(check: Check<S>, subject: S): Promise<void> {
    await this.attempt(check, async () => {
      tf.engine().startScope();
      try {
        const exemption = check.exempts?.(subject);
        if (exemption === undefined) await check.run(subject);
        return exemption;
      } finally {
        tf.engine().endScope();
      }
    });
  }

  /** Runs checks one after the other on one subject. */
  async runAll<S>(checks: readonly Check<S>[], subject: S): Promise<void> {
    for (const check of checks) await this.run(check, subject);
  }

  /**
   * Runs a check that makes what later ones look at; undefined when it failed or was skipped.
   * @throws what the signal was aborted with.
   */
  async make<T>(check: Making<T>): Promise<T | undefined> {
    let made: T | undefined;
    await this.attempt(check, async () => {
      made = await check.make();
      return undefined;
    });
    return made;
  }

  /** `action` resolves to the reason when the rule says nothing about its subject. */
  private async attempt(
    { id, name, needs = [] }: Pick<Check, 'id' | 'name' | 'needs'>,
    action: () => Promise<string | undefined>,
  ): Promise<void> {
    // Checks compute without a pause: this lets Ctrl-C in.
    await setImmediate();
    this.options.signal?.throwIfAborted();
    const cause = needs.map((need) => this.causes.get(need)).find((found) => found !== undefined);
    if (cause !== undefined) {
      this.causes.set(id, cause);
      this.report({ name, state: 'skipped', detail: afterFailure(cause) });
      return;
    }
    try {
      const exemption = await action();
      const state = exemption === undefined ? 'ok' : 'skipped';
      this.report({ name, state, detail: exemption ?? '' });
    } catch (error) {
      this.causes.set(id, name);
      this.report({ name, state: 'failed', detail: messageOf(error), stack: stackOf(error) });
    }
  }

  /** Skips checks for which nothing could be made, because of the failure behind the check `id`. */
  skip(checks: readonly Pick<Check, 'name'>[], id: string): void {
    const cause = this.causes.get(id) ?? id;
    for (const { name } of checks) {
      this.report({ name, state: 'skipped', detail: afterFailure(cause) });
    }
  }

  private report(result: Omit<ConformanceResult, 'subject'>): void {
    const whole = { subject: this.subject, ...result };
    this.results.push(whole);
    this.options.onResult(whole);
  }
}

/** A check that makes something, whose tensors are its caller's. */
export interface Making<T> extends Pick<Check, 'id' | 'name' | 'needs'> {
  make(): T | Promise<T>;
}

function afterFailure(cause: string): string {
  return `after "${cause}" failed`;
}
