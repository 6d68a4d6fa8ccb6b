import { significant } from './significant';
import { markdownOf } from './table';

/** Seconds per call of the same work by both, medians of calls in turns. */
export interface SpeedComparison {
  /** Images per call. */
  readonly batchSize: number;
  /** With the decoder, or sequences alone. */
  readonly decoded: boolean;
  /** Network evaluations of a sequence. */
  readonly teacherEvaluations: number;
  readonly generatorEvaluations: number;
  readonly teacherSeconds: number;
  readonly generatorSeconds: number;
}

/** How many times faster the generator is. */
export function speedUp({ teacherSeconds, generatorSeconds }: SpeedComparison): number {
  return teacherSeconds / generatorSeconds;
}

/** The comparisons as a Markdown table, in evaluations and milliseconds per image. */
export function speedUpTable(comparisons: readonly SpeedComparison[]): string {
  const right = (title: string) => ({ title, align: 'right' }) as const;
  return markdownOf({
    columns: [
      right('images per call'),
      { title: 'what' },
      right('AR teacher, evaluations'),
      right('one step, evaluations'),
      right('AR teacher, ms/image'),
      right('one step, ms/image'),
      right('speed-up'),
    ],
    rows: comparisons.map((comparison) => [
      String(comparison.batchSize),
      comparison.decoded ? 'images' : 'sequences',
      String(comparison.teacherEvaluations),
      String(comparison.generatorEvaluations),
      significant((1000 * comparison.teacherSeconds) / comparison.batchSize),
      significant((1000 * comparison.generatorSeconds) / comparison.batchSize),
      `${speedUp(comparison).toFixed(1)}×`,
    ]),
  });
}
