import type { HostTensors } from '@ar-distill/program';
import type { RunStore } from '../ports/run-store';

/** Milliseconds of work that are lost at most when a process is killed. */
const SAVE_INTERVAL = 60_000;

/**
 * Rows of arrays that are kept part by part while they are being made: each part is named after the number
 * of its first row, and starts where the one before it ends.
 */
export class ArrayParts {
  /** First rows of the parts that the store holds. */
  private readonly starts: number[] = [];
  /** Rows in them. */
  private saved = 0;
  private savedAt = performance.now();

  constructor(
    private readonly store: Pick<RunStore, 'loadArrays' | 'saveArrays' | 'removeArrays'>,
    /** Of all parts, before the number of the first row. */
    private readonly name: string,
  ) {}

  /**
   * Hands part after part to `take`, which says how many of its rows it keeps, until there are `end` or it
   * keeps none.
   */
  async read(end: number, take: (part: HostTensors, first: number) => number): Promise<void> {
    while (this.saved < end) {
      const first = this.saved;
      const part = await this.store.loadArrays(this.nameOf(first));
      const kept = part ? take(part, first) : 0;
      if (kept === 0) break;
      this.starts.push(first);
      this.saved += kept;
    }
    this.savedAt = performance.now();
  }

  /** Keeps the rows up to `end` that are not kept yet; `rowsFrom` gives them. */
  async save(end: number, rowsFrom: (first: number) => HostTensors): Promise<void> {
    const first = this.saved;
    if (end === first) return;
    await this.store.saveArrays(this.nameOf(first), rowsFrom(first));
    this.starts.push(first);
    this.saved = end;
    this.savedAt = performance.now();
  }

  /** The same, unless that was done a moment ago. */
  async saveWhenDue(end: number, rowsFrom: (first: number) => HostTensors): Promise<void> {
    if (performance.now() - this.savedAt > SAVE_INTERVAL) await this.save(end, rowsFrom);
  }

  /** Forgets all parts, also those that another process left behind. */
  async remove(): Promise<void> {
    if (this.starts.length === 0) await this.read(Infinity, rowsOf);
    // The last one first: whatever is left after a crash still begins at 0 and is found again.
    for (const first of this.starts.reverse()) await this.store.removeArrays?.(this.nameOf(first));
  }

  private nameOf(first: number): string {
    return `${this.name}-from-${first}`;
  }
}

/** Rows of a part: every array has them. */
function rowsOf(part: HostTensors): number {
  return Object.values(part)[0]?.shape[0] ?? 0;
}
