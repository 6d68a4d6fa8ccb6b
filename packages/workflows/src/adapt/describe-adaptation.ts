import { significant } from '@ar-distill/evaluation/report';
import type { AdaptedTeacher, TeacherFidelity } from '@ar-distill/core/methods';

/** What an adaptation kept of the teacher. */
export type AdaptationFigures = Pick<AdaptedTeacher, 'relativeError' | 'regressed' | 'fineTuned'>;

/** The same in sentences. */
export function describeAdaptation({
  relativeError,
  regressed,
  fineTuned,
}: AdaptationFigures): string[] {
  const figures = ({ crossEntropy, divergence }: TeacherFidelity): string =>
    `${crossEntropy.toFixed(4)} (divergence from the original ${significant(divergence, 2)})`;
  return [
    `Regression of the embedding table: relative squared error ${significant(100 * relativeError, 2)}%`,
    'Cross-entropy on held-out sequences, nats per token: ' +
      `original ${fineTuned.originalCrossEntropy.toFixed(4)}, ` +
      `after the regression ${figures(regressed)}, after fine-tuning ${figures(fineTuned)}`,
  ];
}
