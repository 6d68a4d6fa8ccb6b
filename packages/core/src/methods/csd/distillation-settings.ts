import { z } from 'zod';
import { adversarialSchema } from './adversarial-settings';
import { guidanceRangeSchema } from './guidance-settings';
import { initializationSchema } from './initialization';
import { phaseSchema, scheduleFields } from './phase-settings';
import { timestepsSchema } from './timesteps';

/** All hyper-parameters of a distillation (method names follow DD2, sections 3 and appendix E). */
export const distillationSettingsSchema = z.strictObject({
  /** Teacher sequences drawn once and reused by stage 1. */
  teacherPoolSize: z.int().positive(),
  /** Stage 1: AR-diffusion tuning with the ground-truth score loss. */
  tuning: z.strictObject({
    headIterations: z.int().min(0),
    fullIterations: z.int().min(0),
    batchSize: z.int().positive(),
    /** Micro-batches per update, as in stage 2. */
    accumulation: z.int().positive().default(1),
    learningRate: z.number().positive(),
    /** `gts`: regress the teacher's closed-form velocity; `diffusion`: the ablation, ε − q. */
    loss: z.enum(['gts', 'diffusion']).default('gts'),
    /** `pool`: rows of it at random; `fresh`: the teacher draws others for every update. */
    sequences: z.enum(['pool', 'fresh']).default('pool'),
    /** Noise draws per sequence and iteration; the backbones run once for all of them. */
    noiseDraws: z.int().positive().default(4),
    emaDecay: z.number().min(0).max(1).default(0.99),
  }),
  /** Stage 2: conditional score distillation. */
  generatorIterations: scheduleFields.generatorIterations,
  guidanceUpdates: scheduleFields.guidanceUpdates.default(5),
  batchSize: z.int().positive(),
  /** Micro-batches per update: gradients are averaged over this many batches of batchSize / this. */
  accumulation: z.int().positive().default(1),
  /** m: noise draws per token in the FCS loss. */
  guidanceNoiseDraws: z.int().positive().default(4),
  generatorLearningRate: scheduleFields.generatorLearningRate,
  guidanceLearningRate: scheduleFields.guidanceLearningRate,
  initialLearningRate: scheduleFields.initialLearningRate.default(1e-6),
  warmUpFraction: scheduleFields.warmUpFraction.default(0.05),
  learningRateDecay: scheduleFields.learningRateDecay.default('cosine'),
  finalLearningRateFraction: scheduleFields.finalLearningRateFraction.default(0.02),
  /** Phases of stage 2 in their order; what one leaves out is as above. */
  phases: z
    .array(phaseSchema)
    .min(1)
    .default([phaseSchema.parse({})]),
  /** What θ and ψ start from. */
  initialization: initializationSchema.prefault({}),
  objective: z.enum(['sid', 'dmd']).default('sid'),
  /** α of the SiD objective. */
  sidAlpha: z.number().default(1),
  /** Normaliser ω: over the sample's tokens and channels, per token, or 1. */
  normalizer: z.enum(['sample', 'token', 'none']).default('sample'),
  /** Weights of the loss over AR steps: of the first and the last, linear between, or of every one. */
  stepWeights: z.array(z.number()).min(2).default([1, 1]),
  /** Scale the weights so that their mean over positions is 1: clipping sees the mean. */
  normalizeStepWeights: z.boolean().default(false),
  /** A term from real data; none when left out. */
  adversarial: adversarialSchema.optional(),
  /**
   * Guidance scales that the generator takes as an input, drawn uniformly for training; left out, it is distilled
   * for the scale of the teacher's options alone.
   */
  guidanceRange: guidanceRangeSchema.optional(),
  /** Distribution of t in all losses. */
  timesteps: timestepsSchema.prefault({}),
  tMin: z.number().positive().max(1).default(0.01),
  /** Progressive EMA: d = min(emaDecay, (it + 1) / (it + 10)). */
  emaDecay: z.number().min(0).max(1).default(0.9999),
  beta1: z.number().min(0).max(1).default(0.9),
  beta2: z.number().min(0).max(1).default(0.95),
  weightDecay: z.number().min(0).default(0),
  gradientClip: z.number().positive().default(1),
  seed: z.int().min(0).default(0),
  /** Iterations of stage 2 between checkpoints, metric lines of samples and preview grids. */
  checkpointInterval: z.int().positive().default(100),
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
