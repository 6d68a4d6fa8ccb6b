import type { Parameters } from '@ar-distill/nn';
import type * as tf from '@tensorflow/tfjs';
import { isDiscrete } from '../../model/discrete-score-teacher';
import { snapToCodes } from '../../score/nearest-codes';
import type { CsdSubject } from './csd-subject';

/** A generated sequence [B, n, C] as the teacher and ψ read prefixes of it, of the same shape. */
type GeneratedPrefix = (constants: Parameters, generated: tf.Tensor) => tf.Tensor;

/**
 * The reading that `generatedPrefix` asks for. Where generated tokens are snapped to codes in the end, the token
 * that follows is to be distributed as the teacher's after these codes, which is what the teacher has learned.
 * @throws Error when the settings ask for codes and the teacher has none.
 */
export function generatedPrefix({
  teacher,
  settings,
}: Pick<CsdSubject, 'teacher' | 'settings'>): GeneratedPrefix {
  if (settings.generatedPrefix === 'vectors') return (_constants, generated) => generated;
  if (!isDiscrete(teacher)) {
    throw new Error(
      'The teacher of this backbone has no codes that "generatedPrefix" could read: set it to "vectors".',
    );
  }
  return (constants, generated) => snapToCodes(generated, teacher.scaledCodebook(constants));
}
