import { InvalidOptionError } from '../errors';
import { checkCount } from '../settings/check-option';

/** How what a workflow makes is measured in the end. */
export interface MeasuringOptions {
  /** Images that it is measured with; of test images the first ones, default all. */
  readonly samples?: number | undefined;
  /** Measure it at all; default true. */
  readonly report?: boolean | undefined;
}

/**
 * Checks that the options are ones that can be followed.
 * @throws InvalidOptionError when there are samples but nothing to measure with them, or no number of
 *   them.
 */
export function checkMeasuring({ samples, report = true }: MeasuringOptions): void {
  if (samples === undefined) return;
  checkCount('The number of samples', samples);
  if (report) return;
  throw new InvalidOptionError(
    '"samples" has no effect where nothing is measured: leave it out, or leave the report in.',
    { options: ['samples'] },
  );
}
