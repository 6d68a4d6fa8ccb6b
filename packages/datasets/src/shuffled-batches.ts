import type { ImageSplit, LabeledBatch } from '@ar-distill/core';
import type { Rng } from '@ar-distill/program';

const STREAM = 'epoch-order';

/**
 * The order in which one epoch visits `count` samples: a permutation of 0 … count − 1
 * (Fisher-Yates), which depends on the seed and the epoch alone.
 */
export function epochOrder(rng: Pick<Rng, 'uniform'>, epoch: number, count: number): Int32Array {
  const order = Int32Array.from({ length: count }, (_, i) => i);
  const draws = rng.uniform(STREAM, epoch, count);
  for (let last = count - 1; last > 0; last--) {
    const other = Math.floor(draws[last]! * (last + 1));
    const moved = order[other]!;
    order[other] = order[last]!;
    order[last] = moved;
  }
  return order;
}

/**
 * Batches over endless shuffled epochs. A batch depends on its iteration alone, so a resumed
 * training reads what an uninterrupted one would have read; a batch may span two epochs.
 */
export class ShuffledBatches {
  private readonly orders = new Map<number, Int32Array>();

  /** @throws RangeError when `count` or `batchSize` is not a positive integer. */
  constructor(
    private readonly rng: Pick<Rng, 'uniform'>,
    private readonly count: number,
    private readonly batchSize: number,
  ) {
    for (const [name, value] of Object.entries({ count, batchSize })) {
      if (!Number.isInteger(value) || value < 1) {
        throw new RangeError(`Batches need a positive integer as ${name}, not ${value}.`);
      }
    }
  }

  /** Sample numbers [batchSize] of one iteration, counted from 0. */
  indices(iteration: number): Int32Array {
    const first = iteration * this.batchSize;
    return Int32Array.from({ length: this.batchSize }, (_, i) => {
      const position = first + i;
      return this.order(Math.floor(position / this.count))[position % this.count]!;
    });
  }

  private order(epoch: number): Int32Array {
    const known = this.orders.get(epoch);
    if (known) return known;
    const order = epochOrder(this.rng, epoch, this.count);
    // Iterations come in order, so the order before the last is not needed again.
    for (const oldest of this.orders.keys()) {
      if (this.orders.size > 1) this.orders.delete(oldest);
    }
    this.orders.set(epoch, order);
    return order;
  }
}

/** `ShuffledBatches` of the images of a split, read when they are needed. */
export class ShuffledImages {
  private readonly batches: ShuffledBatches;

  /** @throws RangeError when the split is empty or `batchSize` is not a positive integer. */
  constructor(
    rng: Pick<Rng, 'uniform'>,
    private readonly split: ImageSplit,
    batchSize: number,
  ) {
    this.batches = new ShuffledBatches(rng, split.count, batchSize);
  }

  /** The batch of one iteration, counted from 0: `batchSize` images and their classes. */
  read(iteration: number): Promise<LabeledBatch> {
    return this.split.read(this.batches.indices(iteration));
  }
}
