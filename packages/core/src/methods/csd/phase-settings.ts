import { z } from 'zod';

const learningRate = z.number().positive();

/** How stage 2 trains: of the whole stage, and again of a phase that differs. */
export const scheduleFields = {
  generatorIterations: z
    .int()
    .min(0)
    .describe('Updates of the generator θ in stage 2, conditional score distillation'),
  guidanceUpdates: z.int().positive().describe('K: guidance updates per generator update'),
  generatorLearningRate: learningRate.describe('Peak learning rate of the generator θ'),
  guidanceLearningRate: learningRate.describe('Peak learning rate of the guidance network ψ'),
  initialLearningRate: learningRate.describe('Learning rate of the first update of a warm-up'),
  warmUpFraction: z
    .number()
    .min(0)
    .max(1)
    .describe('Fraction of the updates of a phase with linear warm-up'),
  learningRateDecay: z
    .enum(['constant', 'cosine'])
    .describe(
      'After the warm-up: constant as in the paper, or cosine to finalLearningRateFraction',
    ),
  finalLearningRateFraction: z
    .number()
    .min(0)
    .max(1)
    .describe('Where the cosine ends, as a fraction of the peak'),
};

/** What only updates of θ read. */
const GENERATOR_FIELDS = [
  'generatorIterations',
  'guidanceUpdates',
  'generatorLearningRate',
  'restartAverage',
] as const;

/**
 * A phase of stage 2. What it leaves out of `scheduleFields` is as in the settings around it; `trains`,
 * `fromAverage` and `restartAverage` are those of performance alignment (DD2, Algorithm 3).
 */
export const phaseSchema = z
  .strictObject(scheduleFields)
  .partial()
  .extend({
    trains: z
      .enum(['both', 'guidance'])
      .describe(
        'both: K updates of ψ, then one of θ; guidance: ψ alone follows a θ that stays as it is',
      )
      .default('both'),
    guidanceIterations: z
      .int()
      .positive()
      .describe('Updates of ψ where it trains alone')
      .optional(),
    fromAverage: z
      .boolean()
      .describe(
        "At its start θ becomes its average, and θ's moments and its count of Adam's steps start anew",
      )
      .default(false),
    restartAverage: z
      .boolean()
      .describe(
        'Whether the average forgets as fast as at the start of the training; else its count goes on',
      )
      .optional(),
  })
  .superRefine((phase, context) => {
    const problem = (key: string, message: string): void => {
      context.addIssue({ code: 'custom', path: [key], message });
    };
    if (phase.trains === 'both') {
      if (phase.guidanceIterations !== undefined) {
        problem(
          'guidanceIterations',
          'Only a phase with trains=guidance has it: use guidanceUpdates',
        );
      }
      return;
    }
    if (phase.guidanceIterations === undefined) {
      problem('guidanceIterations', 'A phase with trains=guidance needs it');
    }
    for (const key of GENERATOR_FIELDS) {
      if (phase[key] !== undefined) {
        problem(key, 'A phase with trains=guidance has no updates of the generator: leave it out');
      }
    }
  });

export type PhaseSettings = z.infer<typeof phaseSchema>;
