import { z } from 'zod';

const learningRate = z.number().positive();

/** How stage 2 trains: of the whole stage, and again of a phase that differs. */
export const scheduleFields = {
  generatorIterations: z.int().min(0),
  /** K: guidance updates per generator update. */
  guidanceUpdates: z.int().positive(),
  generatorLearningRate: learningRate,
  guidanceLearningRate: learningRate,
  /** Learning rate of the first update of a warm-up. */
  initialLearningRate: learningRate,
  /** Fraction of the updates of a phase with linear warm-up. */
  warmUpFraction: z.number().min(0).max(1),
  /** After the warm-up: `constant` as in the paper, or cosine to finalLearningRateFraction. */
  learningRateDecay: z.enum(['constant', 'cosine']),
  finalLearningRateFraction: z.number().min(0).max(1),
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
    /** `both`: K updates of ψ, then one of θ; `guidance`: ψ alone follows a θ that stays as it is. */
    trains: z.enum(['both', 'guidance']).default('both'),
    /** Updates of ψ where it trains alone. */
    guidanceIterations: z.int().positive().optional(),
    /** At its start θ becomes its average, and θ's moments and its count of Adam's steps start anew. */
    fromAverage: z.boolean().default(false),
    /** Whether the average forgets as fast as at the start of the training; else its count goes on. */
    restartAverage: z.boolean().optional(),
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
