import type { Metric } from '@ar-distill/core';
import { CLASS_ACCURACY } from './class-accuracy';
import { DIVERSITY } from './diversity';
import { FRECHET_DISTANCE } from './frechet-distance';
import { INCEPTION_SCORE } from './inception-score';
import { PRECISION } from './precision';
import { RECALL } from './recall';

/** The metrics that need no plugin, in the order of tables. */
export const BUILT_IN_METRICS: readonly Metric[] = [
  FRECHET_DISTANCE,
  CLASS_ACCURACY,
  PRECISION,
  RECALL,
  DIVERSITY,
  INCEPTION_SCORE,
];
