import type { HostTensors, Rng, StepCompiler } from '@ar-distill/program';
import { SAMPLER_BATCH, sequenceBatch } from '../../sampling/batch-sizes';
import { DrawnSequences } from '../../sampling/drawn-sequences';
import { drawInTurn, poolBatch } from '../../sampling/teacher-pool';
import { microBatchSize } from '../micro-batch-size';
import type { TuningSubject } from './csd-subject';
import { tuningIterations, TUNING_STAGES, type TuningPart } from './tuning-parts';

/** The teacher's sequences that stage 1 learns on. */
export interface TuningSequences {
  /** Those of an update, micro-batch by micro-batch: `sequence` [b, n, C] and the condition. */
  batches(iteration: number): Promise<HostTensors[]>;
  dispose(): Promise<void>;
}

/** Rows of the pool at random, or sequences that the teacher draws for every update. */
export async function openTuningSequences(
  subject: TuningSubject,
  part: TuningPart,
  compiler: StepCompiler,
  rng: Rng,
): Promise<TuningSequences> {
  return subject.settings.tuning.sequences === 'fresh'
    ? freshSequences(subject, part, compiler, rng)
    : pooledSequences(subject, part, rng);
}

function pooledSequences(
  { pool, settings: { tuning } }: TuningSubject,
  part: TuningPart,
  rng: Rng,
): TuningSequences {
  const size = microBatchSize(tuning);
  const count = pool.sequences.shape[0]!;
  return {
    batches: async (iteration) =>
      Array.from({ length: tuning.accumulation }, (_, i) => {
        const number = iteration * tuning.accumulation + i;
        return poolBatch(pool, rng.integers(`${TUNING_STAGES[part]}/rows`, number, size, count));
      }),
    dispose: async () => undefined,
  };
}

async function freshSequences(
  { teacher, teacherWeights, settings }: TuningSubject,
  part: TuningPart,
  compiler: StepCompiler,
  rng: Rng,
): Promise<TuningSequences> {
  const { tuning, teacherPoolSize } = settings;
  const { batchSize, accumulation } = tuning;
  const most = sequenceBatch(teacher.layout, Math.min(SAMPLER_BATCH, batchSize));
  // As many at a time as fit, in equal parts.
  const drawn = Math.ceil(batchSize / Math.ceil(batchSize / most));
  const sampler = await teacher.createSampler(compiler, teacherWeights, drawn);
  // None is drawn twice: behind those of the pool come those of the head, then all others.
  const before =
    teacherPoolSize + (part === 'full' ? batchSize * tuningIterations('head', settings) : 0);
  const size = microBatchSize(tuning);
  return {
    batches: async (iteration) => {
      const first = before + iteration * batchSize;
      const sequences = new DrawnSequences(batchSize);
      while (sequences.count < batchSize) {
        sequences.append(await drawInTurn(sampler, teacher, rng, first + sequences.count));
      }
      const own = {
        sequences: sequences.from(0).sequence,
        condition: teacher.condition.inTurn(first, batchSize),
      };
      return Array.from({ length: accumulation }, (_, i) =>
        poolBatch(
          own,
          Int32Array.from({ length: size }, (_, row) => i * size + row),
        ),
      );
    },
    dispose: () => sampler.dispose(),
  };
}
