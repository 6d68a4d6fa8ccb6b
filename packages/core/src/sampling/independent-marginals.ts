import { float32, type HostTensor } from '@ar-distill/program';

/** Uniform draws that are a pure function of their arguments. */
export interface MarginalNoise {
  uniform(stream: string, index: number, count: number): Float32Array;
}

/** Samples of a teacher with their classes. */
export interface LabeledSequences {
  /** Code vectors [N, n, C]. */
  readonly sequences: HostTensor;
  /** [N]. */
  readonly labels: HostTensor;
}

/** Settings of `independentMarginals`. */
export interface MarginalOptions {
  /** Number of the first sample, which its random numbers belong to (default 0). */
  readonly firstIndex?: number;
  /** Least pool samples per requested class (default 1000). */
  readonly minimumPerClass?: number;
}

const STREAM = 'independent-marginals';

/**
 * The onestep* baseline of the paper (arXiv 2510.21003): all tokens at once and independent of each
 * other, each from its class-conditional marginal. Every position takes its token from another pool
 * sample of the requested class, so marginals are the teacher's and dependence is gone.
 * `labels` [B] → code vectors [B, n, C].
 * @throws RangeError when the pool is too small for a requested class.
 */
export function independentMarginals(
  pool: LabeledSequences,
  labels: Int32Array,
  noise: MarginalNoise,
  { firstIndex = 0, minimumPerClass = 1000 }: MarginalOptions = {},
): HostTensor {
  const [count, positions, channels] = pool.sequences.shape;
  if (
    pool.sequences.shape.length !== 3 ||
    count === undefined ||
    positions === undefined ||
    channels === undefined ||
    pool.labels.data.length !== count
  ) {
    throw new RangeError(
      `A pool needs sequences [N, n, C] and N labels, not [${pool.sequences.shape.join(', ')}] and ${pool.labels.data.length}.`,
    );
  }
  const members = new Map<number, number[]>();
  pool.labels.data.forEach((label, row) => {
    const rows = members.get(label);
    if (rows) rows.push(row);
    else members.set(label, [row]);
  });
  const result = new Float32Array(labels.length * positions * channels);
  labels.forEach((label, sample) => {
    const rows = members.get(label) ?? [];
    const needed = Math.max(minimumPerClass, positions);
    if (rows.length < needed) {
      throw new RangeError(
        `The pool has ${rows.length} samples of class ${label} where ${needed} are needed: draw a larger pool.`,
      );
    }
    const draws = noise.uniform(STREAM, firstIndex + sample, positions);
    const donors = distinct(draws, rows.length);
    donors.forEach((donor, position) => {
      const source = (rows[donor]! * positions + position) * channels;
      result.set(
        pool.sequences.data.subarray(source, source + channels),
        (sample * positions + position) * channels,
      );
    });
  });
  return float32([labels.length, positions, channels], result);
}

/**
 * As many distinct numbers below `bound` as there are draws, uniformly: the start of a Fisher-Yates
 * shuffle that only remembers what it moved.
 */
function distinct(draws: Float32Array, bound: number): number[] {
  const moved = new Map<number, number>();
  return Array.from(draws, (draw, place) => {
    const chosen = place + Math.floor(draw * (bound - place));
    const value = moved.get(chosen) ?? chosen;
    moved.set(chosen, moved.get(place) ?? place);
    return value;
  });
}
