import { z } from 'zod';
import { adamFields } from './adam-fields';

/** Settings of a supervised training (tokenizer, teacher, classifier). */
export const supervisedSettingsSchema = z.strictObject({
  iterations: z.int().positive().describe('Updates'),
  batchSize: z.int().positive().describe('Sequences or images per update'),
  learningRate: z.number().positive().describe('Peak learning rate'),
  warmUpFraction: z
    .number()
    .min(0)
    .max(1)
    .describe('Fraction of the iterations over which the learning rate rises linearly from 0')
    .default(0.05),
  finalLearningRateFraction: z
    .number()
    .min(0)
    .max(1)
    .describe('Learning rate at the end, as a fraction of the peak (cosine decay)')
    .default(0.01),
  weightDecay: adamFields.weightDecay,
  beta1: adamFields.beta1,
  beta2: adamFields.beta2,
  gradientClip: adamFields.gradientClip,
  emaDecay: z
    .number()
    .min(0)
    .max(1)
    .describe('EMA of the weights, and the averaged weights are the result; 0 turns it off')
    .default(0),
  seed: z.int().min(0).describe('Of all random numbers').default(0),
});

export type SupervisedSettings = z.infer<typeof supervisedSettingsSchema>;
