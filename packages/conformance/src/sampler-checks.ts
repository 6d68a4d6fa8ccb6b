import * as tf from '@tensorflow/tfjs';
import { defaultSampler, isGuidedTeacher } from '@ar-distill/backbone-kit';
import {
  conditionRows,
  type DiscreteScoreTeacher,
  isDiscrete,
  ofClasses,
  type SampledSequences,
  type SequenceSampler,
} from '@ar-distill/core';
import { LOG_ZERO } from '@ar-distill/core/math';
import { elementCount, type HostTensor, type HostTensors, type Rng } from '@ar-distill/program';
import { type Check, equalValues, magnitude, requireHostShape, requireThat } from './assertions';
import { sequenceShape, type Subject } from './subject';

/** Rules of a teacher's `SequenceSampler`; they hold unchecked where there is no compiler. */
export const samplerChecks: readonly Check<Subject>[] = [
  {
    name: 'sampler: samples are repeatable, follow the distribution and do not depend on the batch',
    run: (subject) =>
      withSampler(subject, async (sampler) => {
        const { teacher, rng, batchSize, hostCondition } = subject;
        requireThat(
          sampler.batchSize === batchSize,
          `The sampler's batchSize is ${sampler.batchSize}.`,
        );
        const first = await sampler.sample(hostCondition, rng, 0);
        const again = await sampler.sample(hostCondition, rng, 0);
        const shifted = await sampler.sample(hostCondition, rng, 1);
        requireHostShape('The sampled sequence', first.sequence, sequenceShape(subject));
        requireThat(
          equalValues(first.sequence.data, again.sequence.data),
          'The same random numbers gave two different batches.',
        );
        const rowLength = elementCount(sequenceShape(subject)) / batchSize;
        requireThat(
          equalValues(
            first.sequence.data.subarray(rowLength, 2 * rowLength),
            shifted.sequence.data.subarray(0, rowLength),
          ),
          'Sample 1 differs between a batch that starts at 0 and one that starts at 1.',
        );
        if (isDiscrete(teacher) && first.tokens) {
          tf.tidy(() => checkTokens(subject, teacher, first.sequence, first.tokens!));
        }
      }),
  },
  {
    name: 'sampler: a cache changes no token',
    run: (subject) =>
      withSampler(subject, async (sampler, compiler) => {
        const { teacher, hostTeacherParameters, batchSize } = subject;
        if (!isGuidedTeacher(teacher)) return;
        const reference = await defaultSampler(teacher, compiler, hostTeacherParameters, batchSize);
        try {
          const draw = (from: SequenceSampler): Promise<SampledSequences> =>
            from.sample(subject.hostCondition, oneStream(subject.rng), 0);
          const own = await draw(sampler);
          const expected = await draw(reference);
          requireThat(
            own.tokens !== undefined && equalValues(own.tokens.data, expected.tokens!.data),
            'For the same uniforms it draws other tokens than the teacher-forced probabilities give.',
          );
        } finally {
          await reference.dispose();
        }
      }),
  },
  {
    name: 'sampler: refuses conditions of another form and unknown classes',
    run: (subject) =>
      withSampler(subject, async (sampler) => {
        const { teacher, rng, batchSize, hostCondition } = subject;
        const wrong: [string, HostTensors][] = [
          [
            'an unknown value',
            { ...hostCondition, 'no such value': ofClasses(new Int32Array(1)).labels! },
          ],
        ];
        if (Object.keys(hostCondition).length > 0) {
          wrong.push(['no condition', {}], ['too few rows', conditionRows(hostCondition, [0])]);
        }
        const { numClasses } = teacher.condition;
        if (numClasses !== undefined) {
          for (const label of [-1, numClasses]) {
            wrong.push([`the class ${label}`, ofClasses(new Int32Array(batchSize).fill(label))]);
          }
        }
        for (const [what, condition] of wrong) {
          const refused = await sampler.sample(condition, rng, 0).then(
            () => false,
            () => true,
          );
          requireThat(refused, `It takes ${what}: call checkCondition first.`);
        }
      }),
  },
];

type Compiler = NonNullable<Subject['compiler']>;

async function withSampler(
  { teacher, compiler, hostTeacherParameters, batchSize }: Subject,
  use: (sampler: SequenceSampler, compiler: Compiler) => Promise<void>,
): Promise<void> {
  if (!compiler) return;
  const sampler = await teacher.createSampler(compiler, hostTeacherParameters, batchSize);
  try {
    await use(sampler, compiler);
  } finally {
    await sampler.dispose();
  }
}

/** The same numbers in all streams: two samplers that draw alike draw the same. */
function oneStream(rng: Rng): Rng {
  return {
    ...rng,
    uniform: (_stream, index, count) => rng.uniform('conformance/uniforms', index, count),
  };
}

/** Tokens must have probability above 0 and be what the sequence holds. */
function checkTokens(
  subject: Subject,
  teacher: DiscreteScoreTeacher,
  sequence: HostTensor,
  tokens: HostTensor,
): void {
  const { batchSize, length, teacherParameters } = subject;
  requireHostShape('The sampled tokens', tokens, [batchSize, length]);
  const codebook = teacher.scaledCodebook(teacherParameters);
  const [vocabSize = 0] = codebook.shape;
  requireThat(
    tokens.data.every((token) => token >= 0 && token < vocabSize),
    `A sampled token is outside 0 … ${vocabSize - 1}.`,
  );
  const ids = tf.tensor1d(Int32Array.from(tokens.data), 'int32');
  const continuous = tf.tensor(sequence.data, [...sequence.shape]);
  const looked = tf.reshape(tf.gather(codebook, ids), continuous.shape);
  requireThat(
    magnitude(tf.sub(looked, continuous)) <= 1e-4 * magnitude(codebook),
    'The sampled sequence does not hold the scaled codes of the sampled tokens.',
  );
  const logProbs = teacher.logProbs(teacherParameters, continuous, subject.condition);
  const chosen = tf.sum(
    tf.mul(tf.reshape(tf.maximum(logProbs, LOG_ZERO), [-1, vocabSize]), tf.oneHot(ids, vocabSize)),
    -1,
  );
  const impossible = chosen.dataSync().findIndex((value) => value < LOG_ZERO / 2);
  requireThat(
    impossible < 0,
    `Position ${impossible % length} holds a token whose teacher-forced probability is 0.`,
  );
}
