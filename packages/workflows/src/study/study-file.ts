import { z } from 'zod';
import { isTree, type Tree } from '../settings/merge';

const tree = z.custom<Tree>(isTree, 'expected an object');
const name = z
  .string()
  .regex(/^[\w.-]+$/, 'expected letters, digits, dots, hyphens or underscores');

const options = {
  /** Weights, a model directory or `hf:ORG/NAME@REVISION`, as in `distill`; what ships when left out. */
  teacher: z.string().min(1).optional(),
  tokenizer: z.string().min(1).optional(),
  /** Distillation method; the preset's first one when left out. */
  method: z.string().min(1).optional(),
  /** How the teacher draws. */
  guidance: z.number().min(0).optional(),
  topK: z.int().min(0).optional(),
  topP: z.number().positive().max(1).optional(),
  /**
   * Overrides of the method's settings, of the adaptation's and of the architecture. What all cells share of
   * the adaptation's is for the presets that have one.
   */
  settings: tree.optional(),
  adaptation: tree.optional(),
  architecture: tree.optional(),
};

const cell = z.strictObject({
  ...options,
  /**
   * Row of the run's report that stands for the cell, also one that reports have only when they are asked for
   * it; that of the distilled generator when left out.
   */
  row: z.string().min(1).optional(),
});

/** A grid of distillations: every preset with every cell and every seed. */
export const studySchema = z.strictObject({
  name,
  title: z.string().min(1),
  presets: z.array(z.string().min(1)).min(1),
  seeds: z.array(z.int().min(0)).min(1),
  /** Samples per row; the default of `distill` when left out. */
  samples: z.int().positive().optional(),
  /** Pairs of images that the path length of every distilled generator is measured with; none when left out. */
  pathLength: z.int().positive().optional(),
  /** Whether the page compares seconds of training; not where runs shared their machine with other work. */
  timed: z.boolean().default(true),
  /** What all cells share; `settings` those that do not name another method. */
  ...options,
  cells: z.record(name, cell),
  compare: z.strictObject({
    /** The cell that the others are compared with. */
    reference: z.string().min(1),
    /** Name of a metric of the report. */
    metric: z.string().min(1),
    better: z.enum(['lower', 'higher']).default('lower'),
  }),
  /** What the paper says. */
  paper: z
    .strictObject({
      says: z.string().min(1),
      /** Cells from the best to the worst. */
      ordering: z.array(z.string().min(1)).min(2).optional(),
      /** What it has for the cells, by their names: one figure, or one for every preset. */
      figures: z
        .record(z.string(), z.union([z.number(), z.record(z.string(), z.number())]))
        .optional(),
    })
    .optional(),
});

/** See `studySchema`. */
export type StudyFile = z.output<typeof studySchema>;

/** One cell of a study's grid. */
export type StudyCell = z.output<typeof cell>;
