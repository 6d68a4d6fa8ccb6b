import { z } from 'zod';
import { supervisedSettingsSchema } from '../../optimization/supervised-settings';

/** All hyper-parameters of Distilled Decoding 1. */
export const dd1SettingsSchema = supervisedSettingsSchema.extend({
  /** Noise and the sequences that the teacher's flow map takes it to, computed once. */
  pairs: z.int().positive(),
  /** Heun steps of the map per AR step. */
  solverSteps: z.int().positive().default(20),
  /**
   * The AR step that the second evaluation starts at: it reads the codes of those before it as data, and
   * training sees such sequences, too. One evaluation alone when left out.
   */
  secondStart: z.int().positive().optional(),
  /** The first AR steps, which emit the code of the highest score; the others emit the vector. */
  codeSteps: z.int().min(0),
  /** Of the cross-entropy of the token. */
  tokenWeight: z.number().positive().default(1),
  /** Of the squared error of the vector. */
  vectorWeight: z.number().min(0).default(1),
  emaDecay: z.number().min(0).max(1).default(0.9999),
  /** Updates between checkpoints, metric lines of samples and preview grids. */
  checkpointInterval: z.int().positive().default(100),
});

export type Dd1Settings = z.infer<typeof dd1SettingsSchema>;
/** The same before defaults are filled in. */
export type Dd1SettingsInput = z.input<typeof dd1SettingsSchema>;
