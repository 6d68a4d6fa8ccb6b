import * as tf from '@tensorflow/tfjs';
import { GuidedTeacher } from '@ar-distill/backbone-kit';
import { DiscreteScoreTeacher, stepOfPosition } from '@ar-distill/core';
import { LOG_ZERO, MIN_TIMESTEP } from '@ar-distill/core/math';
import { elementCount, type HostTensor } from '@ar-distill/program';
import {
  changePerPosition,
  type Check,
  magnitude,
  requireFinite,
  requireShape,
  requireThat,
} from './assertions';
import { replaceStep } from './causality';
import type { Subject } from './subject';

/** Changes below this share of the largest value are rounding. */
const ROUNDING = 1e-5;

/** Rules of `ConditionalScoreTeacher`, `DiscreteScoreTeacher` and their samplers. */
export const teacherChecks: readonly Check<Subject>[] = [
  {
    name: 'teacher: denoised has the shape of x_t and is finite from t = tMin to t = 1',
    run: (subject) => {
      for (const time of [MIN_TIMESTEP, 0.5, 1]) {
        const denoised = denoisedOf(
          subject,
          subject.sequence,
          subject.normal('xT', shape(subject)),
          time,
        );
        requireShape(`denoised at t = ${time}`, denoised, shape(subject));
        requireFinite(`denoised at t = ${time}`, denoised);
      }
    },
  },
  {
    name: 'teacher: one condition serves several noise draws',
    run: (subject) => {
      const { teacher } = subject;
      const xT = subject.normal('draws', [3, ...shape(subject)]);
      const condition = conditionOf(subject, subject.sequence);
      const together = teacher.denoised(condition, xT, tf.fill(xT.shape.slice(0, -1), 0.5));
      requireShape('denoised for [3, B, n, C]', together, xT.shape);
      const second = (x: tf.Tensor): tf.Tensor => tf.unstack(x)[1]!;
      const alone = teacher.denoised(
        condition,
        second(xT),
        tf.fill(shape(subject).slice(0, -1), 0.5),
      );
      requireThat(
        magnitude(tf.sub(second(together), alone)) <= ROUNDING * magnitude(together),
        'A draw among several gives another prediction than alone.',
      );
    },
  },
  {
    name: 'teacher: value and gradient are finite on top of clean codes, t = tMin',
    run: (subject) => {
      const { teacher, batchSize, length } = subject;
      const condition = conditionOf(subject, subject.sequence);
      const times = tf.fill([batchSize, length], MIN_TIMESTEP);
      const codes =
        teacher instanceof DiscreteScoreTeacher
          ? tf.unstack(teacher.scaledCodebook(subject.teacherParameters))
          : [tf.zeros([subject.layout.channels])];
      for (const [index, code] of codes.slice(0, 16).entries()) {
        const xT = tf.add(tf.zeros(shape(subject)), tf.mul(code, 1 - MIN_TIMESTEP));
        const { value, grad } = tf.valueAndGrad((x: tf.Tensor) =>
          tf.sum(teacher.denoised(condition, x, times)).asScalar(),
        )(xT);
        requireFinite(`denoised on top of code ${index}`, value);
        requireFinite(`The gradient of denoised on top of code ${index}`, grad);
      }
    },
  },
  {
    name: 'teacher: the condition depends on earlier AR steps only',
    run: (subject) => {
      const steps = stepOfPosition(subject.layout);
      const before = meanOf(subject, subject.sequence);
      const threshold = ROUNDING * magnitude(before);
      let seen = steps.at(-1) === 0;
      for (const step of subject.layout.stepLengths.keys()) {
        const after = meanOf(subject, replaceStep(subject.sequence, subject.layout, step));
        changePerPosition(before, after).forEach((change, position) => {
          const later = steps[position]! > step;
          seen ||= later && change > threshold;
          requireThat(
            later || change <= threshold,
            `Position ${position} of AR step ${steps[position]} sees AR step ${step}.`,
          );
        });
      }
      requireThat(seen, 'No position sees any earlier AR step.');
    },
  },
  {
    name: 'teacher: labels matter',
    run: (subject) => {
      if (subject.teacher.numClasses < 2) return;
      const others = tf.onesLike(subject.labels);
      const change = tf.sub(
        meanOf(subject, subject.sequence),
        meanOf(subject, subject.sequence, others),
      );
      requireThat(magnitude(change) > 0, 'Two labels give the same predictions everywhere.');
    },
  },
  {
    name: 'teacher: log-probabilities are normalised and the codebook fits the layout',
    run: (subject) => {
      const { teacher, teacherParameters, batchSize, length, layout } = subject;
      if (!(teacher instanceof DiscreteScoreTeacher)) return;
      const codebook = teacher.scaledCodebook(teacherParameters);
      const [vocabSize = 0] = codebook.shape;
      requireShape('scaledCodebook', codebook, [vocabSize, layout.channels]);
      requireFinite('scaledCodebook', codebook);
      const logProbs = teacher.logProbs(teacherParameters, subject.sequence, subject.labels);
      requireShape('logProbs', logProbs, [batchSize, length, vocabSize]);
      const sums = tf.sum(tf.exp(logProbs), -1);
      requireThat(
        magnitude(tf.sub(sums, 1)) < 1e-4,
        'The probabilities of a position do not sum to 1.',
      );
    },
  },
  {
    name: 'teacher: a guidance scale of 0 is no guidance',
    run: ({ plainTeacher, teacherParameters, sequence, labels }) => {
      if (!(plainTeacher instanceof GuidedTeacher)) return;
      const codes = tf.div(sequence, plainTeacher.codeScale);
      const plain = tf.logSoftmax(plainTeacher.logits(teacherParameters, codes, labels));
      const own = plainTeacher.logProbs(teacherParameters, sequence, labels);
      requireThat(
        magnitude(tf.sub(own, plain)) <= ROUNDING * magnitude(plain),
        'Without guidance and truncation logProbs is not the log-softmax of the logits.',
      );
    },
  },
  {
    name: 'teacher: samples are repeatable, follow the distribution and do not depend on the batch',
    run: async (subject) => {
      const { teacher, compiler, rng, batchSize } = subject;
      if (!compiler) return;
      const sampler = await teacher.createSampler(
        compiler,
        subject.hostTeacherParameters,
        batchSize,
      );
      try {
        requireThat(
          sampler.batchSize === batchSize,
          `The sampler's batchSize is ${sampler.batchSize}.`,
        );
        const labels = new Int32Array(batchSize);
        const first = await sampler.sample(labels, rng, 0);
        const again = await sampler.sample(labels, rng, 0);
        const shifted = await sampler.sample(labels, rng, 1);
        requireHostShape('The sampled sequence', first.sequence, shape(subject));
        requireThat(
          equalValues(first.sequence.data, again.sequence.data),
          'The same random numbers gave two different batches.',
        );
        const rowLength = elementCount(shape(subject)) / batchSize;
        requireThat(
          equalValues(
            first.sequence.data.subarray(rowLength, 2 * rowLength),
            shifted.sequence.data.subarray(0, rowLength),
          ),
          'Sample 1 differs between a batch that starts at 0 and one that starts at 1.',
        );
        if (teacher instanceof DiscreteScoreTeacher && first.tokens) {
          tf.tidy(() => checkTokens(subject, teacher, first.sequence, first.tokens!));
        }
      } finally {
        await sampler.dispose();
      }
    },
  },
];

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
  const logProbs = teacher.logProbs(teacherParameters, continuous, subject.labels);
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

function shape({ batchSize, length, layout }: Subject): number[] {
  return [batchSize, length, layout.channels];
}

function conditionOf(subject: Subject, sequence: tf.Tensor, labels = subject.labels) {
  return subject.teacher.condition(subject.teacherParameters, sequence, labels);
}

function denoisedOf(
  subject: Subject,
  sequence: tf.Tensor,
  xT: tf.Tensor,
  time: number,
  labels = subject.labels,
): tf.Tensor {
  const t = tf.fill(xT.shape.slice(0, -1), time);
  return subject.teacher.denoised(conditionOf(subject, sequence, labels), xT, t);
}

/** E[x_0 | prefix]: what is predicted from noise alone. */
function meanOf(subject: Subject, sequence: tf.Tensor, labels = subject.labels): tf.Tensor {
  return denoisedOf(subject, sequence, subject.normal('noise', shape(subject)), 1, labels);
}

function requireHostShape(what: string, actual: HostTensor, expected: readonly number[]): void {
  requireThat(
    actual.shape.join() === expected.join(),
    `${what} has the shape [${actual.shape.join(', ')}] instead of [${expected.join(', ')}].`,
  );
}

function equalValues(a: ArrayLike<number>, b: ArrayLike<number>): boolean {
  return a.length === b.length && Array.from(a).every((value, i) => value === b[i]);
}
