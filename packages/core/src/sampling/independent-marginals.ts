import {
  elementCount,
  float32,
  type HostTensor,
  type HostTensors,
  type Rng,
} from '@ar-distill/program';
import { classesOf, type ConditionSpace } from '../model/condition';
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

/** What is known of a pool before its sequences are there. */
export interface PoolShape {
  /** [N, n, C]. */
  readonly sequences: Pick<HostTensor, 'shape'>;
  /** [N, …]. */
  readonly condition: Readonly<HostTensors>;
}

/**
 * Why there are no independent marginals of a pool: a sentence that names a condition with too few
 * samples; undefined when there are.
 */
export function whyNoMarginals(pool: PoolShape, wanted: MarginalSamples): string | undefined {
  const { positions } = poolSizes(pool);
  const members = membersOf(pool);
  const { condition, count, firstSample = 0 } = wanted;
  const needed = neededRows(wanted, positions);
  for (let sample = 0; sample < count; sample++) {
    const rows = members.of(condition, sample);
    if (rows.length >= needed) continue;
    return (
      `The pool has ${rows.length} samples of ${describe(condition, firstSample, sample)} ` +
      `where ${needed} are needed: draw a larger pool.`
    );
  }
  return undefined;
}

/**
 * The onestep* baseline of the paper (arXiv 2510.21003): all tokens at once and independent of each
 * other, each from its marginal under the condition. Every position takes its token from another pool
 * sample of the same condition, so marginals are the teacher's and dependence is gone. → code vectors
 * [count, n, C].
 * @throws RangeError when the pool is too small for a condition that is asked for; see
 *   `whyNoMarginals`.
 */
export function independentMarginals(
  pool: Pick<TeacherPool, 'sequences' | 'condition'>,
  wanted: MarginalSamples,
  rng: Pick<Rng, 'uniform'>,
): HostTensor {
  const reason = whyNoMarginals(pool, wanted);
  if (reason !== undefined) throw new RangeError(reason);
  const { positions, channels } = poolSizes(pool);
  const { data } = pool.sequences;
  const members = membersOf(pool);
  const { condition, count, firstSample = 0 } = wanted;
  const result = new Float32Array(count * positions * channels);
  for (let sample = 0; sample < count; sample++) {
    const rows = members.of(condition, sample);
    const draws = rng.uniform(STREAM, firstSample + sample, positions);
    distinct(draws, rows.length).forEach((donor, position) => {
      const source = (rows[donor]! * positions + position) * channels;
      const target = (sample * positions + position) * channels;
      for (let c = 0; c < channels; c++) result[target + c] = data[source + c]!;
    });
  }
  return float32([count, positions, channels], result);
}

function poolSizes({ sequences: { shape } }: PoolShape) {
  const [size, positions, channels] = shape;
  if (
    shape.length !== 3 ||
    size === undefined ||
    positions === undefined ||
    channels === undefined
  ) {
    throw new RangeError(`A pool needs sequences [N, n, C], not [${shape.join(', ')}].`);
  }
  return { size, positions, channels };
}

/** Pool samples of a condition that it takes: every position needs another one. */
function neededRows({ minimum = 1000 }: MarginalSamples, positions: number): number {
  return Math.max(minimum, positions);
}

/** The pool's rows by what they were drawn for. */
function membersOf(pool: PoolShape) {
  const names = Object.keys(pool.condition);
  const members = new Map<string, number[]>();
  for (let row = 0; row < poolSizes(pool).size; row++) {
    const key = rowKey(pool.condition, names, row);
    const rows = members.get(key);
    if (rows) rows.push(row);
    else members.set(key, [row]);
  }
  return {
    /** Rows with the condition of a sample. */
    of: (condition: Readonly<HostTensors>, sample: number): readonly number[] =>
      members.get(rowKey(condition, names, sample)) ?? [],
  };
}

/**
 * The smallest pool, of classes in turn, that has independent marginals of sequences with so many
 * positions for the first `count` classes in turn. Undefined where conditions are no classes: whether
 * they come again is not known.
 */
export function smallestMarginalPool(
  { values, numClasses }: Pick<ConditionSpace, 'values' | 'numClasses'>,
  positions: number,
  count: number,
): number | undefined {
  const classes = numClasses ?? (Object.keys(values).length === 0 ? 1 : undefined);
  return classes === undefined ? undefined : (positions - 1) * classes + Math.min(count, classes);
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
