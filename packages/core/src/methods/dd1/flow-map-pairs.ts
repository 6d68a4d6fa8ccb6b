import {
  elementCount,
  float32,
  type HostTensors,
  type Rng,
  type StepCompiler,
  streamsUnder,
} from '@ar-distill/program';
import type { DiscreteScoreTeacher } from '../../model/discrete-score-teacher';
import { sequenceLength } from '../../model/sequence-layout';
import { conditionRows } from '../../model/condition';
import { stack } from '../../optimization/step-outputs';
import type { TrainingEnvironment } from '../../optimization/training-loop';
import { SAMPLER_BATCH, sequenceBatch } from '../../sampling/batch-sizes';
import { compileFlowMap } from '../../sampling/flow-map';
import { sampleNoise } from '../../sampling/sample-streams';
import { createTeacherPool, poolBatch, type TeacherPool } from '../../sampling/teacher-pool';
import type { Dd1Settings } from './dd1-settings';

/** Name of the stage, and of what the run keeps of it. */
export const MAP_STAGE = 'flow-map';

/** Whose map is computed. */
export interface MappedTeacher {
  readonly teacher: DiscreteScoreTeacher;
  readonly teacherWeights: Readonly<HostTensors>;
  readonly settings: Pick<Dd1Settings, 'pairs' | 'solverSteps'>;
}

/** Pairs of noise and the sequence that the teacher's flow map takes it to. */
export interface FlowMapPairs {
  /** The sequences that noise is mapped to. */
  readonly mapped: TeacherPool;
  /** Pairs of these numbers: `noise`, `sequence` [B, n, C], `tokens` [B, n] int32 and the condition. */
  batch(rows: Int32Array): HostTensors;
}

/**
 * Maps noise, or reads what the run holds of it. The noise has streams of its own, since samples are drawn
 * from `sample/noise`, and follows from its number, so that only the sequences are kept.
 * @throws what `createTeacherPool` throws.
 */
export async function mapPairs(
  { teacher, teacherWeights, settings: { pairs: size, solverSteps } }: MappedTeacher,
  compiler: StepCompiler,
  rng: Rng,
  environment: TrainingEnvironment,
): Promise<FlowMapPairs> {
  const { layout, condition } = teacher;
  const own = streamsUnder(rng, MAP_STAGE);
  const pool = await createTeacherPool(
    {
      teacher: {
        layout,
        condition,
        createSampler: (given, weights, batchSize) =>
          compileFlowMap({ teacher, weights, batchSize, solverSteps }, given),
      },
      teacherWeights,
      size,
      batchSize: sequenceBatch(layout, Math.min(SAMPLER_BATCH, size)),
      name: MAP_STAGE,
    },
    compiler,
    own,
    environment,
  );
  const shape = [sequenceLength(layout), layout.channels];
  const { stream } = sampleNoise(layout);
  const noiseOf = (row: number): HostTensors => ({
    noise: float32(shape, own.normal(stream, row, elementCount(shape))),
  });
  return {
    mapped: pool,
    batch: (rows) => ({
      ...poolBatch(pool, rows),
      ...conditionRows({ tokens: pool.tokens! }, rows),
      ...stack(Array.from(rows, noiseOf)),
    }),
  };
}
