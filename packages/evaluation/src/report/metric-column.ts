import type { FeatureNetworkProvider, Metric } from '@ar-distill/core';
import { FRECHET_DISTANCE } from '../metrics/frechet-distance';
import { TEACHER_DISTANCE } from '../metrics/teacher-distance';

/** A column of measured values, as the metric declares it. */
export type MetricColumn = Pick<
  Metric,
  'name' | 'title' | 'summary' | 'unit' | 'decimals' | 'better'
>;

/**
 * Columns of the metrics. Fréchet distances go by the name that the feature network gives it,
 * because values in the features of different networks cannot be compared.
 */
export function metricColumns(
  metrics: readonly Metric[],
  { frechetName }: Pick<FeatureNetworkProvider, 'frechetName'>,
): MetricColumn[] {
  const titles: Readonly<Record<string, string>> = {
    [FRECHET_DISTANCE.name]: frechetName,
    [TEACHER_DISTANCE.name]: `${frechetName} to the teacher`,
  };
  return metrics.map(({ name, title, summary, unit, decimals, better }) => ({
    name,
    title: titles[name] ?? title,
    summary,
    unit,
    decimals,
    better,
  }));
}

/** A value as its column shows it: "98.7%", "0.871". */
export function formatValue({ unit, decimals }: MetricColumn, value: number): string {
  return unit === 'fraction' ? `${(100 * value).toFixed(decimals)}%` : value.toFixed(decimals);
}

/** The title with an arrow to where better values are. */
export function columnHeading({ title, better }: MetricColumn): string {
  return `${title} ${better === 'lower' ? '↓' : '↑'}`;
}
