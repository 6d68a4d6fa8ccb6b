import type { HostTensor, HostTensors, Rng, StepCompiler } from '@ar-distill/program';
import { conditionInputs, conditionRows, type ConditionSpace } from '../model/condition';
import type { ConditionalScoreTeacher } from '../model/conditional-score-teacher';
import type { SampledSequences, SequenceSampler } from '../model/sequence-sampler';
import { TrainingInterruptedError } from '../ports/interruption';
import type { PoolCache } from '../ports/pool-cache';
import type { ProgressReporter } from '../ports/progress';
import type { RunStore } from '../ports/run-store';
import type { DrawnSequences } from './drawn-sequences';
import { requireFinite, sequencePlace } from './finite';
import { PoolParts } from './pool-parts';

/** Teacher sequences drawn once: stage 1 trains on them, baselines and reports read them. */
export interface TeacherPool {
  /** Scaled code vectors [N, n, C]. */
  readonly sequences: HostTensor;
  /** What they were drawn for, [N, …]: `ConditionSpace.inTurn`, so that all have their share. */
  readonly condition: Readonly<HostTensors>;
  /** Tokens [N, n] int32, when the teacher has any. */
  readonly tokens?: HostTensor;
}

const DEFAULT_NAME = 'teacher-pool';

/** Whose sequences are drawn, how many, and how many at a time. */
export interface TeacherPoolOptions {
  /** The teacher, or what draws in its place: its flow map (`compileFlowMap`). */
  readonly teacher: Pick<ConditionalScoreTeacher, 'layout' | 'condition' | 'createSampler'>;
  readonly teacherWeights: Readonly<HostTensors>;
  readonly size: number;
  readonly batchSize: number;
  /** Name in the run and in progress; a run may hold several pools. */
  readonly name?: string;
}

/** Where a pool is kept, and how it is watched; a `TrainingEnvironment` is one. */
export interface PoolEnvironment {
  readonly run: Pick<RunStore, 'loadArrays' | 'saveArrays' | 'removeArrays'>;
  readonly progress: ProgressReporter;
  readonly signal: AbortSignal;
  /** Has the parts in place of the run, and keeps them. */
  readonly cache?: PoolCache | undefined;
}

/**
 * Draws a pool, or loads it when the run has it already. Sample i has the condition number i in turn
 * and draws from (seed, i) alone. The run keeps it as `sequences`, `tokens` and the values of the
 * condition under their own names; what was drawn before an interruption is kept in parts until then. With
 * a cache the parts are read there, also those of a smaller or larger pool, and what is missing is added.
 * @throws TrainingInterruptedError when interrupted: the next call goes on from there.
 * @throws NonFiniteError when a sequence is not finite, drawn or loaded.
 */
export async function createTeacherPool(
  options: TeacherPoolOptions,
  compiler: StepCompiler,
  rng: Rng,
  environment: PoolEnvironment,
): Promise<TeacherPool> {
  const { teacher, size, batchSize, name = DEFAULT_NAME } = options;
  checkNames(teacher.condition);
  const { run, cache, progress } = environment;
  const parts = new PoolParts(run, name, teacher.layout);
  const kept = await run.loadArrays(name);
  const pool = kept && poolOf(kept, teacher.condition);
  if (pool) {
    requireFinite(`The saved pool "${name}"`, pool.sequences, 0, sequencePlace(teacher.layout));
    await parts.remove();
    return pool;
  }
  // Whole batches: sequences that a larger pool goes on after are then drawn in the batches that it has.
  const room = Math.ceil(size / batchSize) * batchSize;
  const draw = (from: PoolParts): Promise<DrawnSequences> =>
    drawMissing({ ...options, name, parts: from, room }, compiler, rng, environment);
  const cached = async (store: PoolCache): Promise<DrawnSequences> => {
    // How arithmetic is rounded may depend on the batch.
    const shared = (): PoolParts => new PoolParts(store, `${name}-by-${batchSize}`, teacher.layout);
    const found = await shared().read(room);
    if (found.count > 0) {
      const count = Math.min(found.count, size);
      progress.message(`${count} of the ${size} sequences of "${name}" are in the cache.`);
    }
    return found.count === room ? found : store.alone(() => draw(shared()));
  };
  const drawn = await (cache ? cached(cache) : draw(parts));
  const { sequence: sequences, tokens } = drawn.from(0, size);
  const condition = teacher.condition.inTurn(0, size);
  await run.saveArrays(name, { sequences, ...condition, ...(tokens ? { tokens } : {}) });
  await parts.remove();
  return { sequences, condition, ...(tokens ? { tokens } : {}) };
}

/** Names beside which the values of a condition are kept. */
const OWN_NAMES: readonly string[] = ['sequences', 'tokens'];

function checkNames({ values }: ConditionSpace): void {
  const taken = Object.keys(values).find((name) => OWN_NAMES.includes(name));
  if (taken === undefined) return;
  throw new Error(`A condition cannot have a value named "${taken}": give it another name.`);
}

/** The pool that the arrays of a run hold; undefined when they hold none of this condition. */
function poolOf(
  { sequences, tokens, ...others }: Readonly<HostTensors>,
  { values }: ConditionSpace,
): TeacherPool | undefined {
  const condition: HostTensors = {};
  for (const name of Object.keys(values)) {
    const value = others[name];
    if (!value) return undefined;
    condition[name] = value;
  }
  return sequences && { sequences, condition, ...(tokens ? { tokens } : {}) };
}

/** A pool on its way. */
interface UnfinishedPool extends TeacherPoolOptions {
  readonly name: string;
  readonly parts: PoolParts;
  /** Sequences of all its batches. */
  readonly room: number;
}

/** Draws what the parts lack, and adds it to them from time to time: the end of it only in a cache. */
async function drawMissing(
  { teacher, teacherWeights, size, batchSize, name, parts, room }: UnfinishedPool,
  compiler: StepCompiler,
  rng: Rng,
  { progress, signal, cache }: PoolEnvironment,
): Promise<DrawnSequences> {
  const drawn = await parts.read(room);
  if (drawn.count === room) return drawn;
  const sampler = await teacher.createSampler(compiler, teacherWeights, batchSize);
  try {
    while (drawn.count < room) {
      const first = drawn.count;
      if (signal.aborted) {
        await parts.save(drawn);
        throw new TrainingInterruptedError(name, first, size);
      }
      drawn.append(await drawInTurn(sampler, teacher, rng, first));
      const done = Math.min(drawn.count, size);
      progress.update({ stage: name, done, total: size, metrics: {} });
      if (drawn.count < room) await parts.saveWhenDue(drawn);
    }
  } finally {
    await sampler.dispose();
  }
  if (cache) await parts.save(drawn);
  return drawn;
}

/**
 * A batch of the teacher's sequences from number `first` on, each with the condition of its number in turn.
 * @throws NonFiniteError when one is not finite.
 */
export async function drawInTurn(
  sampler: SequenceSampler,
  { condition, layout }: Pick<ConditionalScoreTeacher, 'condition' | 'layout'>,
  rng: Rng,
  first: number,
): Promise<SampledSequences> {
  const batch = await sampler.sample(condition.inTurn(first, sampler.batchSize), rng, first);
  requireFinite("The teacher's sequence", batch.sequence, first, sequencePlace(layout));
  return batch;
}

/** Inputs of a program from rows of the pool: `sequence` [B, n, C] and those of the condition. */
export function poolBatch(pool: TeacherPool, rows: Int32Array): HostTensors {
  return {
    ...conditionRows({ sequence: pool.sequences }, rows),
    ...conditionInputs(conditionRows(pool.condition, rows)),
  };
}

/**
 * How much the pool's sequences differ from each other: standard deviation over the samples, averaged
 * over positions and channels. A generator far below it has collapsed.
 */
export function poolSpread(pool: TeacherPool): number {
  const [count = 0, ...rest] = pool.sequences.shape;
  const size = rest.reduce((product, length) => product * length, 1);
  let total = 0;
  for (let i = 0; i < size; i++) {
    let sum = 0;
    let squares = 0;
    for (let row = 0; row < count; row++) {
      const value = pool.sequences.data[row * size + i]!;
      sum += value;
      squares += value * value;
    }
    total += Math.sqrt(Math.max(0, squares / count - (sum / count) ** 2));
  }
  return total / size;
}
