import { z } from 'zod';

const learningRate = z.number().positive();

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
    learningRate,
    /** `gts`: regress the teacher's closed-form velocity; `diffusion`: the ablation, ε − q. */
    loss: z.enum(['gts', 'diffusion']).default('gts'),
    /** Noise draws per sequence and iteration; the backbones run once for all of them. */
    noiseDraws: z.int().positive().default(4),
    emaDecay: z.number().min(0).max(1).default(0.99),
  }),
  /** Stage 2: conditional score distillation. */
  generatorIterations: z.int().min(0),
  /** K: guidance updates per generator update. */
  guidanceUpdates: z.int().positive().default(5),
  batchSize: z.int().positive(),
  /** Micro-batches per update: gradients are averaged over this many batches of batchSize / this. */
  accumulation: z.int().positive().default(1),
  /** m: noise draws per token in the FCS loss. */
  guidanceNoiseDraws: z.int().positive().default(4),
  generatorLearningRate: learningRate,
  guidanceLearningRate: learningRate,
  initialLearningRate: learningRate.default(1e-6),
  /** Fraction of the iterations with linear warm-up. */
  warmUpFraction: z.number().min(0).max(1).default(0.05),
  /** `constant` as in the paper, or cosine to finalLearningRateFraction. */
  learningRateDecay: z.enum(['constant', 'cosine']).default('cosine'),
  finalLearningRateFraction: z.number().min(0).max(1).default(0.02),
  objective: z.enum(['sid', 'dmd']).default('sid'),
  /** α of the SiD objective. */
  sidAlpha: z.number().default(1),
  /** Normaliser ω: over the sample's tokens and channels, per token, or 1. */
  normalizer: z.enum(['sample', 'token', 'none']).default('sample'),
  /** Linear weights over AR steps, first → last; [1, 1] is constant. */
  stepWeights: z.tuple([z.number(), z.number()]).default([1, 1]),
  tMin: z.number().positive().max(1).default(0.01),
  /** Progressive EMA: d = min(emaDecay, (it + 1) / (it + 10)). */
  emaDecay: z.number().min(0).max(1).default(0.9999),
  beta1: z.number().min(0).max(1).default(0.9),
  beta2: z.number().min(0).max(1).default(0.95),
  weightDecay: z.number().min(0).default(0),
  gradientClip: z.number().positive().default(1),
  seed: z.int().min(0).default(0),
  /** Generator updates between checkpoints, metric lines of samples and preview grids. */
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
