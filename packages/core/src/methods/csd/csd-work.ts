import { FORWARD, TRAINING } from '../stage-work';
import type { DistillationSettings } from './distillation-settings';

/** The teacher reads every sequence with and without its condition. */
const TEACHER = 2 * FORWARD;

/** Rough work of the stages, relative to each other. */
export function csdWork(settings: DistillationSettings) {
  const { teacherPoolSize, tuning, batchSize, generatorIterations, guidanceUpdates } = settings;
  const guidance = FORWARD + TRAINING;
  const generator = TEACHER + FORWARD + TRAINING;
  return {
    pool: teacherPoolSize * TEACHER,
    head: tuning.headIterations * tuning.batchSize * (TEACHER + FORWARD),
    full: tuning.fullIterations * tuning.batchSize * (TEACHER + TRAINING),
    distillation: generatorIterations * batchSize * (guidanceUpdates * guidance + generator),
  };
}
