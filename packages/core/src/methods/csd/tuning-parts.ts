import type { DistillationSettings } from './distillation-settings';

/** Names of the two parts of stage 1. */
export const TUNING_STAGES = { head: 'tuning-head', full: 'tuning' } as const;

/** The head alone, or everything. */
export type TuningPart = keyof typeof TUNING_STAGES;

/** All settings that the result of stage 1 follows from. */
export const TUNING_SETTINGS = [
  ...(['teacherPoolSize', 'seed', 'guidanceRange', 'tuning', 'timesteps', 'tMin'] as const),
  ...(['initialLearningRate', 'warmUpFraction', 'learningRateDecay'] as const),
  ...(['finalLearningRateFraction', 'beta1', 'beta2', 'weightDecay', 'gradientClip'] as const),
] as const satisfies readonly (keyof DistillationSettings)[];

/** What stage 1 reads; how often it saves changes nothing of its result. */
export type TuningSettings = Pick<
  DistillationSettings,
  (typeof TUNING_SETTINGS)[number] | 'checkpointInterval'
>;

/** Updates of a part. */
export function tuningIterations(
  part: TuningPart,
  { tuning }: Pick<DistillationSettings, 'tuning'>,
): number {
  return part === 'head' ? tuning.headIterations : tuning.fullIterations;
}
