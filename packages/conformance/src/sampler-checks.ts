import * as tf from '@tensorflow/tfjs';
import { defaultSampler, isGuidedTeacher } from '@ar-distill/backbone-kit';
import {
  conditionRows,
  type DiscreteScoreTeacher,
  isDiscrete,
  ofClasses,
  type SequenceSampler,
} from '@ar-distill/core';
import { LOG_ZERO } from '@ar-distill/core/math';
import { elementCount, type HostTensor, type HostTensors } from '@ar-distill/program';
import { equalValues, equalWeights, magnitude, requireHostShape, requireThat } from './assertions';
import type { Check } from './check';
import { DRAWN, drawMany, type Open, withSampler } from './draws';
import { countOthers, isRandom, requireFrequencies, requireOwnNumbers } from './frequencies';
import { lentCacheChecks } from './lent-cache-checks';
import { sequenceShape, type Subject, withoutCompiler, withoutTokens } from './subject';

/** Share of them that may come out otherwise where probabilities are rounded otherwise. */
const ROUNDED = 0.01;

const openOwn: Open = ({ teacher, compiler, hostTeacherParameters }, batchSize) =>
  teacher.createSampler(compiler!, hostTeacherParameters, batchSize);

const openDefault: Open = ({ teacher, compiler, hostTeacherParameters }, batchSize) => {
  if (!isDiscrete(teacher)) throw new Error('The default sampler draws tokens.');
  return defaultSampler(teacher, compiler!, hostTeacherParameters, batchSize);
};

/** Rules of the teacher's own sampler, of the one that it has without it, and of both together. */
export const samplerChecks: readonly Check<Subject>[] = [
  ...checksOf('default sampler', openDefault, withoutTokens),
  ...checksOf('sampler', openOwn, () => undefined),
  {
    id: 'cache',
    name: 'sampler: a cache changes no token',
    needs: ['sampler-frequencies', 'sampler-numbers', 'default sampler-frequencies'],
    run: async (subject) => {
      const [own, expected] = [
        await drawMany(subject, openOwn),
        await drawMany(subject, openDefault),
      ];
      const others = countOthers(own.statistics, expected.statistics);
      requireThat(
        others <= ROUNDED * DRAWN,
        `For the same uniforms it draws other tokens than the teacher-forced probabilities give, in ${others} of ${DRAWN} sequences.`,
      );
    },
    exempts: (subject) =>
      withoutCompiler(subject) ??
      (isGuidedTeacher(subject.teacher) ? undefined : 'the teacher draws in a way of its own'),
  },
  ...lentCacheChecks,
];

/** Rules of a `SequenceSampler`. */
function checksOf(
  title: string,
  open: Open,
  exempts: (subject: Subject) => string | undefined,
): Check<Subject>[] {
  const exempted = (subject: Subject): string | undefined =>
    exempts(subject) ?? withoutCompiler(subject);
  return [
    {
      id: `${title}-repeatable`,
      name: `${title}: samples are repeatable and do not depend on the batch`,
      needs: ['teacher-causality', 'teacher-compiled', 'truncation', 'guidance', 'condition-batch'],
      run: async (subject) => {
        const { hostTeacherParameters: weights, batchSize } = subject;
        const kept = structuredClone(weights);
        await withSampler(subject, open, batchSize, (sampler) => {
          requireThat(equalWeights(kept, weights), 'It changes the weights that it is given.');
          return requireRepeatable(subject, open, sampler);
        });
      },
      exempts: exempted,
    },
    {
      id: `${title}-frequencies`,
      name: `${title}: the frequencies of its tokens are the teacher-forced probabilities`,
      needs: [`${title}-repeatable`, 'scaled-codebook'],
      run: async (subject) => requireFrequencies((await drawMany(subject, open)).statistics),
      exempts: (subject) => exempted(subject) ?? withoutTokens(subject),
    },
    {
      id: `${title}-numbers`,
      name: `${title}: every token is drawn with a random number of its own`,
      needs: [`${title}-frequencies`],
      run: async (subject) => {
        const { statistics, isFixed } = await drawMany(subject, open);
        requireThat(
          !isFixed || !isRandom(statistics),
          'It draws the same tokens whatever the random numbers are: draw from rng.',
        );
        requireOwnNumbers(statistics);
      },
      exempts: (subject) => exempted(subject) ?? withoutTokens(subject),
    },
    {
      id: `${title}-conditions`,
      name: `${title}: refuses conditions of another form and unknown classes`,
      needs: [`${title}-repeatable`],
      run: (subject) =>
        withSampler(subject, open, subject.batchSize, (sampler) =>
          requireRefusals(subject, sampler),
        ),
      exempts: exempted,
    },
  ];
}

async function requireRepeatable(
  subject: Subject,
  open: Open,
  sampler: SequenceSampler,
): Promise<void> {
  const { teacher, rng, batchSize, hostCondition } = subject;
  requireThat(sampler.batchSize === batchSize, `The sampler's batchSize is ${sampler.batchSize}.`);
  const given = structuredClone(hostCondition);
  const first = await sampler.sample(hostCondition, rng, 0);
  requireThat(equalWeights(given, hostCondition), 'It changes the condition that it is given.');
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
  const alone = await withSampler(subject, open, 1, (single) =>
    single.sample(conditionRows(hostCondition, [0]), rng, 1),
  );
  const among = first.sequence.data.subarray(rowLength, 2 * rowLength);
  const largest = Array.from(among, Math.abs).reduce((most, value) => Math.max(most, value), 0);
  requireThat(
    among.every((value, i) => Math.abs(value - alone.sequence.data[i]!) <= 1e-3 * largest),
    'Sample 1 differs between a batch of its own and one with others.',
  );
  if (!isDiscrete(teacher)) return;
  const { tokens } = first;
  requireThat(tokens !== undefined, 'It draws tokens, but does not say which.');
  tf.tidy(() => checkTokens(subject, teacher, first.sequence, tokens));
}

async function requireRefusals(subject: Subject, sampler: SequenceSampler): Promise<void> {
  const { teacher, rng, batchSize, hostCondition } = subject;
  const unknown = ofClasses(new Int32Array(1)).labels!;
  const wrong: [string, HostTensors][] = [
    ['an unknown value', { ...hostCondition, 'no such value': unknown }],
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
  requireThat(tokens.dtype === 'int32', `The sampled tokens are ${tokens.dtype} instead of int32.`);
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
