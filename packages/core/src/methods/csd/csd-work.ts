import { FORWARD, TRAINING } from '../stage-work';
import { usesTeacherScore } from './adversarial-settings';
import type { DistillationSettings } from './distillation-settings';
import { planPhases } from './phases';

/** The teacher reads every sequence with and without its condition. */
const TEACHER = 2 * FORWARD;

/** Rough work of the stages, relative to each other. */
export function csdWork(settings: DistillationSettings) {
  const { teacherPoolSize, tuning, batchSize, adversarial } = settings;
  const guidance = FORWARD + TRAINING + (adversarial ? TRAINING : 0);
  const generator = (usesTeacherScore(settings) ? TEACHER : 0) + FORWARD + TRAINING;
  const iterations = planPhases(settings).map((phase) => {
    const updates = phase.guidanceUpdates * guidance + (phase.trainsGenerator ? generator : 0);
    return phase.iterations * updates;
  });
  const fresh = tuning.sequences === 'fresh' ? TEACHER : 0;
  return {
    pool: teacherPoolSize * TEACHER,
    head: tuning.headIterations * tuning.batchSize * (TEACHER + FORWARD + fresh),
    full: tuning.fullIterations * tuning.batchSize * (TEACHER + TRAINING + fresh),
    distillation: batchSize * iterations.reduce((sum, work) => sum + work, 0),
  };
}
