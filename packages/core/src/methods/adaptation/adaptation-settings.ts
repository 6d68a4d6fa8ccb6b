import { z } from 'zod';
import { supervisedSettingsSchema } from '../../optimization/supervised-settings';

/** Hyper-parameters of the adaptation of a teacher to continuous input (DD2, appendix E). */
export const adaptationSettingsSchema = z.strictObject({
  sequences: z
    .int()
    .positive()
    .describe('Sequences that the teacher draws, with its plain distribution, to be fine-tuned on'),
  heldOut: z.int().positive().describe('Further sequences that are only measured with'),
  regression: supervisedSettingsSchema
    .omit({ batchSize: true, seed: true })
    .describe('Regression of the input layers on the embedding table; every update sees all codes'),
  fineTuning: supervisedSettingsSchema
    .omit({ seed: true })
    .extend({
      targets: z
        .enum(['tokens', 'distributions'])
        .describe(
          'What every position is to predict: the sampled token, or the distribution that the teacher has there',
        )
        .default('tokens'),
    })
    .describe('Fine-tuning of the whole teacher with its AR loss'),
  seed: z.int().min(0).describe('Of all random numbers').default(0),
});

export type AdaptationSettings = z.infer<typeof adaptationSettingsSchema>;
/** The same before defaults are filled in. */
export type AdaptationSettingsInput = z.input<typeof adaptationSettingsSchema>;
