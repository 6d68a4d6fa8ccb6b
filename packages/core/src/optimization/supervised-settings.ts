import { z } from 'zod';

/** Settings of a supervised training (tokenizer, teacher, classifier). */
export const supervisedSettingsSchema = z.strictObject({
  iterations: z.int().positive(),
  batchSize: z.int().positive(),
  learningRate: z.number().positive(),
  /** Fraction of the iterations over which the learning rate rises linearly from 0. */
  warmUpFraction: z.number().min(0).max(1).default(0.05),
  /** Learning rate at the end, as a fraction of the peak (cosine decay). */
  finalLearningRateFraction: z.number().min(0).max(1).default(0.01),
  weightDecay: z.number().min(0).default(0),
  beta1: z.number().min(0).max(1).default(0.9),
  beta2: z.number().min(0).max(1).default(0.95),
  gradientClip: z.number().positive().default(1),
  /** EMA of the weights; the averaged weights are the result. 0 turns it off. */
  emaDecay: z.number().min(0).max(1).default(0),
  seed: z.int().min(0).default(0),
});

export type SupervisedSettings = z.infer<typeof supervisedSettingsSchema>;
