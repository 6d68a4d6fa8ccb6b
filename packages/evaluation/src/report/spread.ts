import { deviation, mean } from 'd3-array';

/** Values of one setting over seeds. */
export interface Spread {
  readonly mean: number;
  /** Of a sample (n − 1); undefined of a single value. */
  readonly deviation: number | undefined;
  readonly count: number;
}

/** What two settings are to each other. */
export type Comparison = 'better' | 'worse' | 'none' | 'unknown';

/** Mean and deviation of the values; undefined when there are none. */
export function spreadOf(values: readonly number[]): Spread | undefined {
  const middle = mean(values);
  return middle === undefined
    ? undefined
    : { mean: middle, deviation: deviation(values), count: values.length };
}

/**
 * What `spread` is to `reference`. A difference of the means that is not larger than the larger of both
 * deviations is none; `unknown` where a single seed leaves a deviation unknown.
 */
export function compareSpreads(
  spread: Spread,
  reference: Spread,
  better: 'lower' | 'higher',
): Comparison {
  if (spread.deviation === undefined || reference.deviation === undefined) return 'unknown';
  const gain = better === 'lower' ? reference.mean - spread.mean : spread.mean - reference.mean;
  if (Math.abs(gain) <= Math.max(spread.deviation, reference.deviation)) return 'none';
  return gain > 0 ? 'better' : 'worse';
}
