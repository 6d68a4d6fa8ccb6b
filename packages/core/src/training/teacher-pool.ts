import { float32, int32, type HostTensor, type HostTensors } from '@ar-distill/nn';
import type { ConditionalScoreTeacher, TeacherSampler } from '../model/conditional-score-teacher';
import type { Rng } from '../ports/rng';
import type { StepCompiler } from '../ports/step-compiler';
import { requireFinite, sequencePlace } from '../sampling/finite';
import { TrainingInterruptedError } from './errors';
import type { TrainingEnvironment } from './training-loop';

/** Teacher sequences drawn once: stage 1 trains on them, baselines and reports read them. */
export interface TeacherPool {
  /** Scaled code vectors [N, n, C]. */
  readonly sequences: HostTensor;
  /** Labels [N], 0 … numClasses − 1 in turn, so that every class has its share. */
  readonly labels: HostTensor;
  /** Tokens [N, n] int32, when the teacher has any. */
  readonly tokens?: HostTensor;
}

const DEFAULT_NAME = 'teacher-pool';

/** Whose sequences are drawn, how many, and how many at a time. */
export interface TeacherPoolOptions {
  readonly teacher: ConditionalScoreTeacher;
  readonly teacherWeights: Readonly<HostTensors>;
  readonly size: number;
  readonly batchSize: number;
  /** Name in the run and in progress; a run may hold several pools. */
  readonly name?: string;
}

/**
 * Draws a pool, or loads it when the run has it already. Sample i has label i mod `numClasses` and
 * draws from (seed, i) alone.
 * @throws TrainingInterruptedError when interrupted: the pool is drawn again from its start.
 * @throws NonFiniteError when a sequence is not finite, drawn or loaded.
 */
export async function createTeacherPool(
  { teacher, teacherWeights, size, batchSize, name = DEFAULT_NAME }: TeacherPoolOptions,
  compiler: StepCompiler,
  rng: Rng,
  environment: TrainingEnvironment,
): Promise<TeacherPool> {
  const { sequences, labels, tokens } = (await environment.run.loadArrays(name)) ?? {};
  if (sequences && labels) {
    requireFinite(`The saved pool "${name}"`, sequences, 0, sequencePlace(teacher.layout));
    return { sequences, labels, ...(tokens ? { tokens } : {}) };
  }
  const sampler = await teacher.createSampler(compiler, teacherWeights, batchSize);
  try {
    const pool = await drawPool(name, sampler, teacher, size, rng, environment);
    await environment.run.saveArrays(name, { ...pool });
    return pool;
  } finally {
    await sampler.dispose();
  }
}

async function drawPool(
  name: string,
  sampler: TeacherSampler,
  { numClasses, layout }: Pick<ConditionalScoreTeacher, 'numClasses' | 'layout'>,
  size: number,
  rng: Rng,
  { progress, signal }: TrainingEnvironment,
): Promise<TeacherPool> {
  const { batchSize } = sampler;
  const labels = Int32Array.from({ length: size }, (_, i) => i % numClasses);
  let data: Float32Array | undefined;
  let allTokens: Int32Array | undefined;
  let shape: readonly number[] = [];
  for (let first = 0; first < size; first += batchSize) {
    if (signal.aborted) throw new TrainingInterruptedError(name, first, size);
    const batchLabels = Int32Array.from({ length: batchSize }, (_, i) => (first + i) % numClasses);
    const { sequence, tokens } = await sampler.sample(batchLabels, rng, first);
    requireFinite("The teacher's sequence", sequence, first, sequencePlace(layout));
    const perSample = sequence.data.length / batchSize;
    shape = sequence.shape.slice(1);
    data ??= new Float32Array(size * perSample);
    const kept = Math.min(batchSize, size - first);
    data.set(sequence.data.subarray(0, kept * perSample), first * perSample);
    if (tokens) {
      const length = tokens.data.length / batchSize;
      allTokens ??= new Int32Array(size * length);
      allTokens.set(tokens.data.subarray(0, kept * length), first * length);
    }
    progress.update({ stage: name, done: first + kept, total: size, metrics: {} });
  }
  return {
    sequences: float32([size, ...shape], data ?? new Float32Array(0)),
    labels: int32([size], labels),
    ...(allTokens ? { tokens: int32([size, allTokens.length / size], allTokens) } : {}),
  };
}

/** Rows of the pool by their numbers: `sequence` [B, n, C] and `labels` [B]. */
export function poolBatch(pool: TeacherPool, rows: Int32Array): HostTensors {
  const shape = pool.sequences.shape.slice(1);
  const size = shape.reduce((product, length) => product * length, 1);
  const sequence = new Float32Array(rows.length * size);
  rows.forEach((row, i) => {
    sequence.set(pool.sequences.data.subarray(row * size, (row + 1) * size), i * size);
  });
  return {
    sequence: float32([rows.length, ...shape], sequence),
    labels: int32(
      [rows.length],
      rows.map((row) => pool.labels.data[row]!),
    ),
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
