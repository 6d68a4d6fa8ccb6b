/** What shuffling needs of a random number source: a pure function of its arguments. */
export interface ShuffleNoise {
  /** `count` uniforms in [0, 1) that belong to the stream and the index. */
  uniform(stream: string, index: number, count: number): Float32Array;
}

const STREAM = 'epoch-order';

/**
 * The order in which one epoch visits `count` samples: a permutation of 0 … count − 1
 * (Fisher-Yates), which depends on the noise and the epoch alone.
 */
export function epochOrder(noise: ShuffleNoise, epoch: number, count: number): Int32Array {
  const order = Int32Array.from({ length: count }, (_, i) => i);
  const draws = noise.uniform(STREAM, epoch, count);
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
    private readonly noise: ShuffleNoise,
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
    const order = epochOrder(this.noise, epoch, this.count);
    // Iterations come in order, so the order before the last is not needed again.
    for (const oldest of this.orders.keys()) {
      if (this.orders.size > 1) this.orders.delete(oldest);
    }
    this.orders.set(epoch, order);
    return order;
  }
}
