import {
  elementCount,
  float32,
  type HostTensors,
  type Rng,
  type StepCompiler,
  streamsUnder,
  type TensorSpec,
} from '@ar-distill/program';
import { z } from 'zod';
import type { ConditionalScoreTeacher } from '../model/conditional-score-teacher';
import { type DiscreteScoreTeacher, isDiscrete } from '../model/discrete-score-teacher';
import { sequenceLength } from '../model/sequence-layout';
import { conditionRows, conditionSpecs } from '../model/condition';
import { stack } from '../optimization/step-outputs';
import type { TrainingEnvironment } from '../optimization/training-loop';
import type { MethodServices, MethodStage } from '../plugin/distillation-method';
import { SAMPLER_BATCH, sequenceBatch } from '../sampling/batch-sizes';
import { compileFlowMap } from '../sampling/flow-map';
import { sampleNoise } from '../sampling/sample-streams';
import { createTeacherPool, poolBatch, type TeacherPool } from '../sampling/teacher-pool';
import type { StageResult } from './stage-result';
import { FORWARD } from './stage-work';

/** Name of the stage, and of what the run keeps of it. */
export const MAP_STAGE = 'flow-map';

/** Settings of the map. */
export const flowMapFields = {
  pairs: z
    .int()
    .positive()
    .describe("Noise and the sequences that the teacher's flow map takes it to, computed once"),
  solverSteps: z.int().positive().describe('Heun steps of the map per AR step').default(20),
};

/** Whose map is computed. */
interface MappedTeacher {
  readonly teacher: DiscreteScoreTeacher;
  readonly teacherWeights: Readonly<HostTensors>;
  readonly settings: Readonly<Record<keyof typeof flowMapFields, number>>;
}

/** Pairs of noise and the sequence that the teacher's flow map takes it to. */
export interface FlowMapPairs {
  /** The sequences that noise is mapped to. */
  readonly mapped: TeacherPool;
  /** Pairs of these numbers: `noise`, `sequence` [B, n, C], `tokens` [B, n] int32 and the condition. */
  batch(rows: Int32Array): HostTensors;
}

/**
 * The teacher, as one that has a flow map.
 * @param mend what its error tells to do instead.
 * @throws Error when it has none.
 */
export function requireFlowMap(
  teacher: ConditionalScoreTeacher,
  mend: string,
): DiscreteScoreTeacher {
  if (isDiscrete(teacher)) return teacher;
  throw new Error(`This teacher has no tokens that noise could be mapped to: ${mend}.`);
}

/** The stage that maps noise. */
export function mapStage(
  subject: MappedTeacher,
  pairs: StageResult<FlowMapPairs>,
  { compiler, rng }: Pick<MethodServices, 'compiler' | 'rng'>,
): MethodStage {
  const { teacher, settings } = subject;
  // Guided teachers read every sequence twice; those without a cache read it anew at every AR step.
  const passes = 2 * (teacher.createCachedSampler ? 1 : teacher.layout.stepLengths.length);
  return {
    name: MAP_STAGE,
    title: 'Flow map of the teacher',
    work: settings.pairs * passes * FORWARD,
    run: async (environment) => pairs.give(await mapPairs(subject, compiler, rng, environment)),
  };
}

/** What `FlowMapPairs.batch` gives. */
export function pairSpecs(
  { layout, condition }: Pick<DiscreteScoreTeacher, 'layout' | 'condition'>,
  batchSize: number,
): Record<string, TensorSpec> {
  const n = sequenceLength(layout);
  return {
    noise: { shape: [batchSize, n, layout.channels], dtype: 'float32' },
    sequence: { shape: [batchSize, n, layout.channels], dtype: 'float32' },
    tokens: { shape: [batchSize, n], dtype: 'int32' },
    ...conditionSpecs(condition, [batchSize]),
  };
}

/**
 * Maps noise, or reads what the run holds of it. The noise has streams of its own, since samples are drawn
 * from `sample/noise`, and follows from its number, so that only the sequences are kept.
 * @throws what `createTeacherPool` throws.
 */
async function mapPairs(
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
