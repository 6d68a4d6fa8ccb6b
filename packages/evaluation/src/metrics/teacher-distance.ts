import type { Metric } from '@ar-distill/core';
import { featureStatistics, type FeatureStatistics } from '../features/feature-statistics';
import { frechetDistance } from '../features/frechet-distance';
import { pooledFeatures } from '../features/measured-inputs';

/** What is known of the distance to the teacher before its samples are there. */
export const TEACHER_DISTANCE = {
  name: 'teacher-distance',
  title: 'Fréchet distance to the teacher',
  summary:
    'distance of the features to those of as many samples of the teacher, which distillation minimises; what other samples of the teacher have is the floor',
  unit: 'number',
  decimals: 2,
  better: 'lower',
  needs: ['pool'],
} as const satisfies Omit<Metric, 'compute'>;

/**
 * The Fréchet distance to `teacher`, the statistics of its samples in the same pooled features. That of
 * other samples of the teacher is the floor, since neither set has the exact statistics.
 */
export function teacherDistance(teacher: FeatureStatistics): Metric {
  return {
    ...TEACHER_DISTANCE,
    fewestImages: () => 2,
    compute(images) {
      const { data, dimension } = pooledFeatures(images);
      return { [this.name]: frechetDistance(featureStatistics(data, dimension), teacher) };
    },
  };
}
