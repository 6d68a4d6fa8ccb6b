import * as tf from '@tensorflow/tfjs';
import { type Parameters, prefixed } from '@ar-distill/nn';
import type { HostTensors, StepCompiler } from '@ar-distill/program';
import { conditionOf, conditionSpecs } from '../../model/condition';
import type { DiscreteScoreTeacher } from '../../model/discrete-score-teacher';
import { sequenceLength } from '../../model/sequence-layout';
import { disposing } from '../../optimization/disposing';
import { requireFinite } from '../../sampling/finite';
import { tokenBatch, type TokenSequences } from '../../model/token-sequences';

/** A teacher with weights that belong to it. */
export interface LoadedTeacher {
  readonly teacher: DiscreteScoreTeacher;
  readonly weights: Readonly<HostTensors>;
}

/** How close a teacher's next-token distributions are to another one's; nats per token. */
export interface TeacherFidelity {
  /** Teacher-forced cross-entropy of the sequences under the original. */
  readonly originalCrossEntropy: number;
  /** The same under the other teacher. */
  readonly crossEntropy: number;
  /** Mean Kullback-Leibler divergence of the original's distributions from the other's. */
  readonly divergence: number;
}

/**
 * Compares two teachers of one layout and one codebook, teacher-forced on `sequences`. Their sampling
 * settings should be plain: the distribution that a truncation leaves has no finite cross-entropy.
 * `onSequences` is told before every batch how many of all are compared; what it throws ends it.
 * @throws NonFiniteError naming the figure and the sequence when one is not finite.
 */
export async function teacherFidelity(
  original: LoadedTeacher,
  other: LoadedTeacher,
  sequences: TokenSequences,
  batchSize: number,
  compiler: StepCompiler,
  onSequences?: (done: number, count: number) => void,
): Promise<TeacherFidelity> {
  const count = sequences.tokens.shape[0]!;
  const length = sequenceLength(original.teacher.layout);
  return disposing(async (own) => {
    const step = own(
      await compiler.compile({
        name: 'teacher fidelity',
        fn: ({ constants, inputs }) => ({ outputs: compare(original, other, constants, inputs) }),
        constants: {
          ...prefixed('original', original.weights),
          ...prefixed('other', other.weights),
        },
        inputs: {
          tokens: { shape: [batchSize, length], dtype: 'int32' },
          ...conditionSpecs(original.teacher.condition, [batchSize]),
        },
      }),
    );
    const sums = { originalCrossEntropy: 0, crossEntropy: 0, divergence: 0 };
    for (let first = 0; first < count; first += batchSize) {
      onSequences?.(first, count);
      // The last batch is filled up with the first sequences; what they give is dropped.
      const rows = Int32Array.from({ length: batchSize }, (_, i) => (first + i) % count);
      const kept = Math.min(batchSize, count - first);
      const outputs = await step.run(tokenBatch(sequences, rows));
      for (const name of FIGURES) {
        const what = `The figure "${name}" of the teachers' comparison`;
        requireFinite(what, outputs[name]!, first, () => 'the mean over the positions');
        for (let i = 0; i < kept; i++) sums[name] += outputs[name]!.data[i]! / count;
      }
    }
    return sums;
  });
}

const FIGURES = ['originalCrossEntropy', 'crossEntropy', 'divergence'] as const;

/** The figures of every sequence, [B], means over its tokens. */
function compare(
  original: LoadedTeacher,
  other: LoadedTeacher,
  constants: Parameters,
  inputs: Readonly<Record<string, tf.Tensor>>,
): Record<(typeof FIGURES)[number], tf.Tensor> {
  const tokens = inputs['tokens']!.toInt();
  const condition = conditionOf(inputs);
  const logProbs = (name: string, { teacher, weights }: LoadedTeacher): tf.Tensor => {
    const own = Object.fromEntries(
      Object.keys(weights).map((key) => [key, constants[`${name}.${key}`]!]),
    );
    const sequence = tf.gather(teacher.scaledCodebook(own), tokens);
    return teacher.logProbs(own, sequence, condition);
  };
  const reference = logProbs('original', original);
  const compared = logProbs('other', other);
  const vocabSize = reference.shape[2]!;
  const drawn = tf.oneHot(tokens, vocabSize, 1, 0, 'float32');
  const expected = (weights: tf.Tensor, values: tf.Tensor): tf.Tensor =>
    weights.mul(values).sum(2).mean(1);
  return {
    originalCrossEntropy: expected(drawn, reference).neg(),
    crossEntropy: expected(drawn, compared).neg(),
    divergence: expected(reference.exp(), reference.sub(compared)),
  };
}
