import type { HostTensors } from '@ar-distill/program';
import type { SequenceLayout } from '../model/sequence-layout';
import type { RunStore } from '../ports/run-store';
import { ArrayParts } from './array-parts';
import { DrawnSequences } from './drawn-sequences';
import { requireFinite, sequencePlace } from './finite';

/** What a run keeps of a pool that is not complete, or a cache of any: sequences, part by part. */
export class PoolParts {
  private readonly parts: ArrayParts;

  constructor(
    store: Pick<RunStore, 'loadArrays' | 'saveArrays' | 'removeArrays'>,
    /** Of the pool. */
    private readonly pool: string,
    private readonly layout: SequenceLayout,
  ) {
    this.parts = new ArrayParts(store, pool);
  }

  /**
   * The sequences that the store holds, with room for `size`.
   * @throws NonFiniteError when one of them is not finite.
   */
  async read(size: number): Promise<DrawnSequences> {
    const drawn = new DrawnSequences(size);
    await this.parts.read(size, ({ sequences, tokens }, first) => {
      if (!sequences) return 0;
      const what = `The saved part of the pool "${this.pool}"`;
      requireFinite(what, sequences, first, sequencePlace(this.layout));
      drawn.append({ sequence: sequences, ...(tokens ? { tokens } : {}) });
      return drawn.count - first;
    });
    return drawn;
  }

  /** Keeps what was drawn since the last call. */
  save(drawn: DrawnSequences): Promise<void> {
    return this.parts.save(drawn.count, (first) => arraysOf(drawn, first));
  }

  /** The same, unless that was done a moment ago. */
  saveWhenDue(drawn: DrawnSequences): Promise<void> {
    return this.parts.saveWhenDue(drawn.count, (first) => arraysOf(drawn, first));
  }

  /** Forgets all parts, also those that another process left behind a complete pool. */
  remove(): Promise<void> {
    return this.parts.remove();
  }
}

function arraysOf(drawn: DrawnSequences, first: number): HostTensors {
  const { sequence: sequences, tokens } = drawn.from(first);
  return { sequences, ...(tokens ? { tokens } : {}) };
}
