import { elementCount, type HostTensor } from '@ar-distill/program';
import * as tf from '@tensorflow/tfjs';
import type { DistillationSettings } from './distillation-settings';

/** Sequences that a spread is measured over, at least: that of one sequence is 0, whatever made it. */
const SEQUENCES = 8;

/** How the spread of an update's sequences is measured. */
export type SpreadSource = 'batch' | 'moments';

/**
 * `batch` where one program sees all sequences of an update and these are enough; `moments` where an
 * update is made of micro-batches, or of so few sequences that those of several have to be joined.
 */
export function spreadSource({
  batchSize,
  accumulation,
}: Pick<DistillationSettings, 'batchSize' | 'accumulation'>): SpreadSource {
  return accumulation === 1 && batchSize >= SEQUENCES ? 'batch' : 'moments';
}

/**
 * Traced, of sequences [B, n, C]. `batch`: standard deviation over them, averaged over positions and
 * channels (cf. `poolSpread`), a scalar; `moments`: their means and the means of their squares,
 * [2, n, C], which `SpreadEstimate` joins.
 */
export function tracedSpread(sequences: tf.Tensor, source: SpreadSource): tf.Tensor {
  if (source === 'moments') {
    return tf.stack([tf.mean(sequences, 0), tf.mean(tf.square(sequences), 0)]);
  }
  const { variance } = tf.moments(sequences, 0);
  return tf.mean(tf.sqrt(variance));
}

/** Moments of one update's sequences. */
interface UpdateMoments {
  /** [n, C]. */
  readonly means: Float64Array;
  /** Of the squares, [n, C]. */
  readonly squares: Float64Array;
}

/** The spread of the newest sequences, from what `tracedSpread` says of micro-batches. */
export class SpreadEstimate {
  private readonly updates: UpdateMoments[] = [];
  private readonly kept: number;

  /** `batchSize`: sequences of an update. */
  constructor(batchSize: number) {
    this.kept = Math.ceil(SEQUENCES / batchSize);
  }

  /**
   * `moments`: of the micro-batches of the next update, [micro-batches, 2, n, C], or [2, n, C] of the
   * only one. → the spread over this update, and over those before it that it takes to see enough.
   */
  add(moments: HostTensor): number {
    this.updates.push(meansOf(moments));
    if (this.updates.length > this.kept) this.updates.shift();
    const count = this.updates.length;
    const size = this.updates[0]!.means.length;
    let total = 0;
    for (let i = 0; i < size; i++) {
      let mean = 0;
      let square = 0;
      for (const { means, squares } of this.updates) {
        mean += means[i]! / count;
        square += squares[i]! / count;
      }
      // Not finite stays not finite.
      const variance = square - mean * mean;
      total += variance <= 0 ? 0 : Math.sqrt(variance);
    }
    return total / size;
  }
}

function meansOf({ shape, data }: HostTensor): UpdateMoments {
  const size = elementCount(shape.slice(-2));
  const batches = data.length / (2 * size);
  const means = new Float64Array(size);
  const squares = new Float64Array(size);
  for (let batch = 0; batch < batches; batch++) {
    const start = 2 * size * batch;
    for (let i = 0; i < size; i++) {
      means[i]! += data[start + i]! / batches;
      squares[i]! += data[start + size + i]! / batches;
    }
  }
  return { means, squares };
}
