import { z } from 'zod';
import { supervisedSettingsSchema } from '../../optimization/supervised-settings';
import { flowMapFields } from '../flow-map-pairs';
import { accumulationField } from '../micro-batch-size';

/** All hyper-parameters of Distilled Decoding 1. */
export const dd1SettingsSchema = supervisedSettingsSchema.extend({
  accumulation: accumulationField,
  ...flowMapFields,
  secondStart: z
    .int()
    .positive()
    .describe(
      'The AR step that the second evaluation starts at: it reads the codes of those before it as data, and training sees such sequences, too; one evaluation alone when left out',
    )
    .optional(),
  codeSteps: z
    .int()
    .min(0)
    .describe(
      'The first AR steps, which emit the code of the highest score; the others emit the vector',
    ),
  tokenWeight: z.number().positive().describe('Of the cross-entropy of the token').default(1),
  vectorWeight: z.number().min(0).describe('Of the squared error of the vector').default(1),
  emaDecay: z
    .number()
    .min(0)
    .max(1)
    .describe('Decay of the average of the weights')
    .default(0.9999),
  checkpointInterval: z
    .int()
    .positive()
    .describe('Updates between checkpoints, metric lines of samples and preview grids')
    .default(100),
});

export type Dd1Settings = z.infer<typeof dd1SettingsSchema>;
/** The same before defaults are filled in. */
export type Dd1SettingsInput = z.input<typeof dd1SettingsSchema>;
