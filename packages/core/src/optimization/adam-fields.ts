import { z } from 'zod';

const decay = z.number().min(0).max(1);

/** Settings of AdamW and of the clip before it, wherever something is trained. */
export const adamFields = {
  beta1: decay.describe('Decay of the mean of the gradients in Adam').default(0.9),
  beta2: decay.describe('Decay of the mean of their squares in Adam').default(0.95),
  weightDecay: z.number().min(0).describe("Decoupled from the gradients, as AdamW's").default(0),
  gradientClip: z
    .number()
    .positive()
    .describe('Largest norm of the gradients of an update')
    .default(1),
};
