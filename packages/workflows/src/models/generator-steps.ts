import type { OneStepProgram } from '@ar-distill/core/sampling';
import { InvalidOptionError } from '../errors';

/** Whether a generator can also draw in two network evaluations. */
export function isTrainedForTwo({
  generator,
  weights,
}: Pick<OneStepProgram, 'generator' | 'weights'>): boolean {
  return generator.isTrainedForTwo?.(weights) ?? false;
}

/**
 * Checks that a generator can draw in so many network evaluations.
 * @throws InvalidOptionError when it is not trained for as many.
 */
export function checkGeneratorSteps(
  generator: Pick<OneStepProgram, 'generator' | 'weights'>,
  steps: number,
): void {
  const isForTwo = isTrainedForTwo(generator);
  if (steps === 1 || (steps === 2 && isForTwo)) return;
  throw new InvalidOptionError(
    isForTwo
      ? `This generator draws in 1 step or in 2, not in ${steps}: ask for one of these.`
      : `This generator draws in 1 step alone, not in ${steps}: leave "steps" out.`,
    { options: ['steps'] },
  );
}
