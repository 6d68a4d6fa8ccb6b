import type { DistillationSettings } from './distillation-settings';

/** Names of the two parts of stage 1. */
export const TUNING_STAGES = { head: 'tuning-head', full: 'tuning' } as const;

/** The head alone, or everything. */
export type TuningPart = keyof typeof TUNING_STAGES;

/** Updates of a part. */
export function tuningIterations(part: TuningPart, { tuning }: DistillationSettings): number {
  return part === 'head' ? tuning.headIterations : tuning.fullIterations;
}
