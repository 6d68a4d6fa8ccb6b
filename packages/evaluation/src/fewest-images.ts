import type { Metric } from '@ar-distill/core';

/** A number of images, and the metric that asks for it. */
export interface FewestImages {
  readonly count: number;
  readonly metric: Metric;
}

/** Fewest images of `classes` classes in turn that all metrics can be computed from. */
export function fewestImages(
  metrics: readonly Metric[],
  classes: number,
): FewestImages | undefined {
  let largest: FewestImages | undefined;
  for (const metric of metrics) {
    const count = metric.fewestImages?.(classes) ?? 1;
    if (!largest || count > largest.count) largest = { count, metric };
  }
  return largest;
}
