import { significant } from './significant';
import { markdownOf } from './table';

/** Seconds per call of the same work by both, medians of calls in turns. */
export interface SpeedComparison {
  /** Images per call. */
  readonly batchSize: number;
  /** With the decoder, or sequences alone. */
  readonly decoded: boolean;
  readonly teacherSeconds: number;
  readonly generatorSeconds: number;
}

/** How many times faster the generator is. */
export function speedUp({ teacherSeconds, generatorSeconds }: SpeedComparison): number {
  return teacherSeconds / generatorSeconds;
}

/** The comparisons as a Markdown table, in milliseconds per call. */
export function speedUpTable(comparisons: readonly SpeedComparison[]): string {
  const milliseconds = (seconds: number): string => significant(1000 * seconds);
  return markdownOf({
    columns: [
      { title: 'images per call', align: 'right' },
      { title: 'what' },
      { title: 'AR teacher, ms', align: 'right' },
      { title: 'one step, ms', align: 'right' },
      { title: 'speed-up', align: 'right' },
    ],
    rows: comparisons.map((comparison) => [
      String(comparison.batchSize),
      comparison.decoded ? 'images' : 'sequences',
      milliseconds(comparison.teacherSeconds),
      milliseconds(comparison.generatorSeconds),
      `${speedUp(comparison).toFixed(1)}×`,
    ]),
  });
}
