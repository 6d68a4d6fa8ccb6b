import { z } from 'zod';
import { adamFields } from '../../optimization/adam-fields';
import { accumulationField } from '../micro-batch-size';
import { adversarialSchema } from './adversarial-settings';
import { guidanceRangeSchema } from './guidance-settings';
import { initializationSchema } from './initialization';
import { phaseSchema, scheduleFields } from './phase-settings';
import { regressionSchema } from './regression-settings';
import { timestepsSchema } from './timesteps';

/** All hyper-parameters of a distillation (method names follow DD2, sections 3 and appendix E). */
export const distillationSettingsSchema = z.strictObject({
  teacherPoolSize: z
    .int()
    .positive()
    .describe('Teacher sequences drawn once and reused by stage 1'),
  tuning: z
    .strictObject({
      headIterations: z.int().min(0).describe('Updates of the head alone'),
      fullIterations: z.int().min(0).describe('Updates of the whole network afterwards'),
      batchSize: z.int().positive().describe('Sequences per update'),
      accumulation: z
        .int()
        .positive()
        .describe('Micro-batches per update, as in stage 2')
        .default(1),
      learningRate: z.number().positive().describe('Peak learning rate'),
      loss: z
        .enum(['gts', 'diffusion'])
        .describe("gts: regress the teacher's closed-form velocity; diffusion: the ablation, ε − q")
        .default('gts'),
      sequences: z
        .enum(['pool', 'fresh'])
        .describe('pool: rows of it at random; fresh: the teacher draws others for every update')
        .default('pool'),
      noiseDraws: z
        .int()
        .positive()
        .describe('Noise draws per sequence and iteration; the backbones run once for all of them')
        .default(4),
      emaDecay: z
        .number()
        .min(0)
        .max(1)
        .describe('Decay of the average of the weights, which is the result')
        .default(0.99),
    })
    .describe('Stage 1: AR-diffusion tuning with the ground-truth score loss'),
  /** Stage 2: conditional score distillation. */
  generatorIterations: scheduleFields.generatorIterations,
  guidanceUpdates: scheduleFields.guidanceUpdates.default(5),
  batchSize: z.int().positive().describe('Sequences per update'),
  accumulation: accumulationField,
  guidanceNoiseDraws: z
    .int()
    .positive()
    .describe('m: noise draws per token in the FCS loss')
    .default(4),
  generatorNoiseDraws: z
    .int()
    .positive()
    .describe("Noise draws per token in the generator's loss; the backbones run once for all")
    .default(1),
  generatorLearningRate: scheduleFields.generatorLearningRate,
  guidanceLearningRate: scheduleFields.guidanceLearningRate,
  initialLearningRate: scheduleFields.initialLearningRate.default(1e-6),
  warmUpFraction: scheduleFields.warmUpFraction.default(0.05),
  learningRateDecay: scheduleFields.learningRateDecay.default('cosine'),
  finalLearningRateFraction: scheduleFields.finalLearningRateFraction.default(0.02),
  phases: z
    .array(phaseSchema)
    .min(1)
    .describe(
      'Phases of stage 2 in their order; what one leaves out is as in the settings around them',
    )
    .default([phaseSchema.parse({})]),
  initialization: initializationSchema.prefault({}),
  regression: regressionSchema.prefault({}),
  objective: z.enum(['sid', 'dmd']).describe("Form of the generator's loss").default('sid'),
  sidAlpha: z.number().describe('α of the SiD objective').default(1),
  normalizer: z
    .enum(['sample', 'token', 'none'])
    .describe("Normaliser ω: over the sample's tokens and channels, per token, or 1")
    .default('sample'),
  stepWeights: z
    .array(z.number())
    .min(2)
    .describe(
      'Weights of the loss over AR steps: of the first and the last, linear between, or of every one',
    )
    .default([1, 1]),
  normalizeStepWeights: z
    .boolean()
    .describe('Scale the weights so that their mean over positions is 1: clipping sees the mean')
    .default(false),
  generatedPrefix: z
    .enum(['vectors', 'codes'])
    .describe(
      'What the teacher and ψ read of a generated sequence: its vectors, or the codes nearest to them',
    )
    .default('vectors'),
  adversarial: adversarialSchema.optional(),
  guidanceRange: guidanceRangeSchema.optional(),
  /** Distribution of t in all losses. */
  timesteps: timestepsSchema.prefault({}),
  tMin: z
    .number()
    .positive()
    .max(1)
    .describe('Smallest timestep, the one with the least noise')
    .default(0.01),
  emaDecay: z
    .number()
    .min(0)
    .max(1)
    .describe('Progressive EMA of the generator: d = min(emaDecay, (it + 1) / (it + 10))')
    .default(0.9999),
  beta1: adamFields.beta1,
  beta2: adamFields.beta2,
  weightDecay: adamFields.weightDecay,
  gradientClip: adamFields.gradientClip,
  seed: z.int().min(0).describe('Of all random numbers').default(0),
  checkpointInterval: z
    .int()
    .positive()
    .describe(
      'Iterations of stage 2 between checkpoints, metric lines of samples and preview grids',
    )
    .default(100),
});

export type DistillationSettings = z.infer<typeof distillationSettingsSchema>;
/** The same before defaults are filled in. */
export type DistillationSettingsInput = z.input<typeof distillationSettingsSchema>;

/** What differs between the models of the paper. */
export type PaperModel = Pick<
  DistillationSettings,
  | 'generatorIterations'
  | 'guidanceUpdates'
  | 'batchSize'
  | 'generatorLearningRate'
  | 'guidanceLearningRate'
  | 'warmUpFraction'
> & {
  /** Default: one phase. */
  readonly phases?: DistillationSettingsInput['phases'];
  readonly tuning: Pick<
    DistillationSettings['tuning'],
    'headIterations' | 'fullIterations' | 'learningRate'
  >;
};

const TUNING_BATCH = 512;

/**
 * Settings of a model of the paper (DD2, appendix E): SiD with α = 1, a learning rate that is constant
 * after the warm-up, tuning on batches of 512. Micro-batches hold one sequence, so that a step of d16
 * fits into 22 GiB; a larger machine is faster with a lower accumulation.
 */
export function paperDistillation({ tuning, ...model }: PaperModel): DistillationSettings {
  return distillationSettingsSchema.parse({
    ...model,
    tuning: { ...tuning, batchSize: TUNING_BATCH, accumulation: TUNING_BATCH },
    teacherPoolSize: 16384,
    accumulation: model.batchSize,
    learningRateDecay: 'constant',
    objective: 'sid',
    sidAlpha: 1,
  });
}
