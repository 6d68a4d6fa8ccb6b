import type { HostTensors, Rng, TensorSpec } from '@ar-distill/program';
import * as tf from '@tensorflow/tfjs';
import type { Parameters } from '@ar-distill/nn';
import { type Condition, conditionOf, conditionSpecs } from '../../model/condition';
import type { DiscreteScoreTeacher } from '../../model/discrete-score-teacher';
import { sequenceLength } from '../../model/sequence-layout';
import { tokenBatch, type TokenSequences } from '../../model/token-sequences';
import type { CsdSubject } from './csd-subject';
import { foundUnder, under } from './named-under';

/** Under it the inputs of a guidance update say what the real sequences are. */
const REAL = 'real';

/** Inputs of a micro-batch of `size` real sequences. */
export function realSpecs(
  { teacher }: Pick<CsdSubject, 'teacher'>,
  size: number,
): Record<string, TensorSpec> {
  return under(REAL, {
    tokens: { shape: [size, sequenceLength(teacher.layout)], dtype: 'int32' },
    ...conditionSpecs(teacher.condition, [size]),
  });
}

/** Real sequences of micro-batch `number`: rows at random, from a stream of their own. */
export function drawReal(
  sequences: TokenSequences,
  rng: Rng,
  number: number,
  size: number,
): HostTensors {
  const count = sequences.tokens.shape[0]!;
  return under(REAL, tokenBatch(sequences, rng.integers(`${REAL}/rows`, number, size, count)));
}

/** Traced: the real sequences [B, n, C] among the inputs, scaled, and what they are of. */
export function realBatch(
  teacher: DiscreteScoreTeacher,
  constants: Parameters,
  inputs: Readonly<Record<string, tf.Tensor>>,
): { readonly sequence: tf.Tensor; readonly condition: Condition } {
  const { tokens, ...others } = foundUnder(REAL, inputs);
  return {
    sequence: tf.gather(teacher.scaledCodebook(constants), tokens!.toInt()),
    condition: conditionOf(others),
  };
}
