import type { SequenceLayout } from '../model/sequence-layout';
import type { RunStore } from '../ports/run-store';
import { DrawnSequences } from './drawn-sequences';
import { requireFinite, sequencePlace } from './finite';

/**
 * What a run keeps of a pool that is not complete, or a cache of any: arrays that are called after the
 * number of their first sequence, each of which starts where the one before it ends.
 */
export class PoolParts {
  /** First sequences of the parts that the store holds. */
  private readonly starts: number[] = [];
  /** Sequences in them. */
  private saved = 0;

  constructor(
    private readonly store: Pick<RunStore, 'loadArrays' | 'saveArrays' | 'removeArrays'>,
    /** Of the pool. */
    private readonly pool: string,
    private readonly layout: SequenceLayout,
  ) {}

  /**
   * The sequences that the store holds, with room for `size`.
   * @throws NonFiniteError when one of them is not finite.
   */
  async read(size: number): Promise<DrawnSequences> {
    const drawn = new DrawnSequences(size);
    while (drawn.count < size) {
      const first = drawn.count;
      const { sequences, tokens } = (await this.store.loadArrays(this.nameOf(first))) ?? {};
      if (!sequences || sequences.shape[0] === 0) break;
      const what = `The saved part of the pool "${this.pool}"`;
      requireFinite(what, sequences, first, sequencePlace(this.layout));
      drawn.append({ sequence: sequences, ...(tokens ? { tokens } : {}) });
      this.starts.push(first);
    }
    this.saved = drawn.count;
    return drawn;
  }

  /** Keeps what was drawn since the last call. */
  async save(drawn: DrawnSequences): Promise<void> {
    const first = this.saved;
    if (drawn.count === first) return;
    const { sequence: sequences, tokens } = drawn.from(first);
    await this.store.saveArrays(this.nameOf(first), { sequences, ...(tokens ? { tokens } : {}) });
    this.starts.push(first);
    this.saved = drawn.count;
  }

  /** Forgets all parts, also those that another process left behind a complete pool. */
  async remove(): Promise<void> {
    if (this.starts.length === 0) await this.find();
    // The last one first: whatever is left after a crash still begins at 0 and is found again.
    for (const first of this.starts.reverse()) await this.store.removeArrays?.(this.nameOf(first));
  }

  private async find(): Promise<void> {
    for (let first = 0; ;) {
      const { sequences } = (await this.store.loadArrays(this.nameOf(first))) ?? {};
      if (!sequences?.shape[0]) return;
      this.starts.push(first);
      first += sequences.shape[0];
    }
  }

  private nameOf(first: number): string {
    return `${this.pool}-from-${first}`;
  }
}
