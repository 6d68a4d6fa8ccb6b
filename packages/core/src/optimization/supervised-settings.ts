import { z } from 'zod';

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
  weightDecay: z.number().min(0).describe("Decoupled from the gradients, as AdamW's").default(0),
  beta1: z
    .number()
    .min(0)
    .max(1)
    .describe('Decay of the mean of the gradients in Adam')
    .default(0.9),
  beta2: z
    .number()
    .min(0)
    .max(1)
    .describe('Decay of the mean of their squares in Adam')
    .default(0.95),
  gradientClip: z
    .number()
    .positive()
    .describe('Largest norm of the gradients of an update')
    .default(1),
  emaDecay: z
    .number()
    .min(0)
    .max(1)
    .describe('EMA of the weights, and the averaged weights are the result; 0 turns it off')
    .default(0),
  seed: z.int().min(0).describe('Of all random numbers').default(0),
});

export type SupervisedSettings = z.infer<typeof supervisedSettingsSchema>;
