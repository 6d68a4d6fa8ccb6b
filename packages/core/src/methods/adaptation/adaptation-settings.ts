import { z } from 'zod';
import { supervisedSettingsSchema } from '../../optimization/supervised-settings';

/** Hyper-parameters of the adaptation of a teacher to continuous input (DD2, appendix E). */
export const adaptationSettingsSchema = z.strictObject({
  /** Sequences that the teacher draws, with its plain distribution, to be fine-tuned on. */
  sequences: z.int().positive(),
  /** Further sequences that are only measured with. */
  heldOut: z.int().positive(),
  /** Regression of the input layers on the embedding table; every update sees all codes. */
  regression: supervisedSettingsSchema.omit({ batchSize: true, seed: true }),
  /** Fine-tuning of the whole teacher with its AR loss. */
  fineTuning: supervisedSettingsSchema.omit({ seed: true }),
  seed: z.int().min(0).default(0),
});

export type AdaptationSettings = z.infer<typeof adaptationSettingsSchema>;
/** The same before defaults are filled in. */
export type AdaptationSettingsInput = z.input<typeof adaptationSettingsSchema>;
