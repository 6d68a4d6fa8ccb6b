import {
  elementCount,
  float32,
  type HostTensor,
  type HostTensors,
  type Rng,
} from '@ar-distill/program';
import { classesOf } from '../model/condition';
import type { TeacherPool } from './teacher-pool';

/** What is drawn. */
export interface MarginalSamples {
  /** What every sample is drawn for, [count, …]. */
  readonly condition: Readonly<HostTensors>;
  readonly count: number;
  /** Number of the first sample, which its random numbers belong to (default 0). */
  readonly firstSample?: number;
  /** Least pool samples per condition that is asked for (default 1000). */
  readonly minimum?: number;
}

const STREAM = 'independent-marginals';

/**
 * The onestep* baseline of the paper (arXiv 2510.21003): all tokens at once and independent of each
 * other, each from its marginal under the condition. Every position takes its token from another pool
 * sample of the same condition, so marginals are the teacher's and dependence is gone. → code vectors
 * [count, n, C].
 * @throws RangeError when the pool is too small for a condition that is asked for.
 */
export function independentMarginals(
  pool: Pick<TeacherPool, 'sequences' | 'condition'>,
  { condition, count, firstSample = 0, minimum = 1000 }: MarginalSamples,
  rng: Pick<Rng, 'uniform'>,
): HostTensor {
  const { shape, data } = pool.sequences;
  const [size, positions, channels] = shape;
  if (
    shape.length !== 3 ||
    size === undefined ||
    positions === undefined ||
    channels === undefined
  ) {
    throw new RangeError(`A pool needs sequences [N, n, C], not [${shape.join(', ')}].`);
  }
  const keys = Object.keys(pool.condition);
  const members = new Map<string, number[]>();
  for (let row = 0; row < size; row++) {
    const key = rowKey(pool.condition, keys, row);
    const rows = members.get(key);
    if (rows) rows.push(row);
    else members.set(key, [row]);
  }
  const needed = Math.max(minimum, positions);
  const result = new Float32Array(count * positions * channels);
  for (let sample = 0; sample < count; sample++) {
    const rows = members.get(rowKey(condition, keys, sample)) ?? [];
    if (rows.length < needed) {
      throw new RangeError(
        `The pool has ${rows.length} samples of ${describe(condition, firstSample, sample)} ` +
          `where ${needed} are needed: draw a larger pool.`,
      );
    }
    const draws = rng.uniform(STREAM, firstSample + sample, positions);
    distinct(draws, rows.length).forEach((donor, position) => {
      const source = (rows[donor]! * positions + position) * channels;
      const target = (sample * positions + position) * channels;
      for (let c = 0; c < channels; c++) result[target + c] = data[source + c]!;
    });
  }
  return float32([count, positions, channels], result);
}

/** Equal for rows with equal values. */
function rowKey(condition: Readonly<HostTensors>, names: readonly string[], row: number): string {
  return names
    .map((name) => {
      const value = condition[name];
      if (!value) throw new RangeError(`The condition "${name}" is missing: give one per sample.`);
      const size = elementCount(value.shape.slice(1));
      return value.data.subarray(row * size, (row + 1) * size).join();
    })
    .join(';');
}

function describe(condition: Readonly<HostTensors>, firstSample: number, sample: number): string {
  const label = classesOf(condition)?.[sample];
  return label === undefined ? `the condition of sample ${firstSample + sample}` : `class ${label}`;
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
