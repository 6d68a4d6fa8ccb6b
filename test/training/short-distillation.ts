import type { DistillationSubject } from '@ar-distill/core';
import { type DistillationSettings, distillationSettingsSchema } from '@ar-distill/core/methods';
import { toyJoint } from '../toy/toy-joint';

/** A distillation of a few updates, all of them of stage 2 but three, with more settings on top. */
export function shortDistillation(more: object): DistillationSubject<DistillationSettings> {
  const { subject } = toyJoint({ width: 16, heads: 2 }, ({ tuning, ...settings }) =>
    distillationSettingsSchema.parse({
      ...settings,
      teacherPoolSize: 64,
      tuning: { ...tuning, headIterations: 0, fullIterations: 3, batchSize: 8 },
      guidanceUpdates: 2,
      batchSize: 8,
      checkpointInterval: 2,
      ...more,
    }),
  );
  return subject;
}
