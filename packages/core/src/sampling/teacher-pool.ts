import type { HostTensor, HostTensors, Rng, StepCompiler } from '@ar-distill/program';
import { conditionInputs, conditionRows, type ConditionSpace } from '../model/condition';
import type { ConditionalScoreTeacher } from '../model/conditional-score-teacher';
import type { SampledSequences, SequenceSampler } from '../model/sequence-sampler';
import { TrainingInterruptedError } from '../ports/interruption';
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
/** Milliseconds of drawing that are lost at most when a process is killed. */
const SAVE_INTERVAL = 60_000;

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
}

/**
 * Draws a pool, or loads it when the run has it already. Sample i has the condition number i in turn
 * and draws from (seed, i) alone. The run keeps it as `sequences`, `tokens` and the values of the
 * condition under their own names; what was drawn before an interruption is kept in parts until then.
 * @throws TrainingInterruptedError when interrupted: the next call goes on from there.
 * @throws NonFiniteError when a sequence is not finite, drawn or loaded.
 */
export async function createTeacherPool(
  { teacher, teacherWeights, size, batchSize, name = DEFAULT_NAME }: TeacherPoolOptions,
  compiler: StepCompiler,
  rng: Rng,
  environment: PoolEnvironment,
): Promise<TeacherPool> {
  checkNames(teacher.condition);
  const { run } = environment;
  const parts = new PoolParts(run, name, teacher.layout);
  const kept = await run.loadArrays(name);
  const pool = kept && poolOf(kept, teacher.condition);
  if (pool) {
    requireFinite(`The saved pool "${name}"`, pool.sequences, 0, sequencePlace(teacher.layout));
    await parts.remove();
    return pool;
  }
  const drawn = await parts.read(size);
  const sampler = await teacher.createSampler(compiler, teacherWeights, batchSize);
  try {
    await drawMissing(name, sampler, teacher, { drawn, size, parts }, rng, environment);
  } finally {
    await sampler.dispose();
  }
  const { sequence: sequences, tokens } = drawn.from(0);
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
interface UnfinishedPool {
  readonly drawn: DrawnSequences;
  readonly size: number;
  readonly parts: PoolParts;
}

async function drawMissing(
  name: string,
  sampler: SequenceSampler,
  teacher: Pick<ConditionalScoreTeacher, 'condition' | 'layout'>,
  { drawn, size, parts }: UnfinishedPool,
  rng: Rng,
  { progress, signal }: PoolEnvironment,
): Promise<void> {
  let saved = performance.now();
  while (drawn.count < size) {
    const first = drawn.count;
    if (signal.aborted) {
      await parts.save(drawn);
      throw new TrainingInterruptedError(name, first, size);
    }
    drawn.append(await drawInTurn(sampler, teacher, rng, first));
    progress.update({ stage: name, done: drawn.count, total: size, metrics: {} });
    if (drawn.count < size && performance.now() - saved > SAVE_INTERVAL) {
      await parts.save(drawn);
      saved = performance.now();
    }
  }
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
