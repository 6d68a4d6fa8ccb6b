import * as tf from '@tensorflow/tfjs';
import { isGuidedTeacher } from '@ar-distill/backbone-kit';
import { isDiscrete, stepOfPosition } from '@ar-distill/core';
import { MIN_TIMESTEP } from '@ar-distill/core/math';
import {
  changePerPosition,
  type Check,
  magnitude,
  requireFinite,
  requireShape,
  requireThat,
} from './assertions';
import { replaceStep } from './causality';
import { sequenceShape, type Subject } from './subject';

/** Changes below this share of the largest value are rounding. */
const ROUNDING = 1e-5;

/** Rules of `ConditionalScoreTeacher` and `DiscreteScoreTeacher`. */
export const teacherChecks: readonly Check<Subject>[] = [
  {
    name: 'teacher: denoised has the shape of x_t and is finite from t = tMin to t = 1',
    run: (subject) => {
      for (const time of [MIN_TIMESTEP, 0.5, 1]) {
        const denoised = denoisedOf(
          subject,
          subject.sequence,
          subject.normal('xT', sequenceShape(subject)),
          time,
        );
        requireShape(`denoised at t = ${time}`, denoised, sequenceShape(subject));
        requireFinite(`denoised at t = ${time}`, denoised);
      }
    },
  },
  {
    name: 'teacher: one reading serves several noise draws',
    run: (subject) => {
      const { teacher } = subject;
      const xT = subject.normal('draws', [3, ...sequenceShape(subject)]);
      const reading = readingOf(subject, subject.sequence);
      const together = teacher.denoised(reading, xT, tf.fill(xT.shape.slice(0, -1), 0.5));
      requireShape('denoised for [3, B, n, C]', together, xT.shape);
      const second = (x: tf.Tensor): tf.Tensor => tf.unstack(x)[1]!;
      const alone = teacher.denoised(
        reading,
        second(xT),
        tf.fill(sequenceShape(subject).slice(0, -1), 0.5),
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
      const reading = readingOf(subject, subject.sequence);
      const times = tf.fill([batchSize, length], MIN_TIMESTEP);
      const codes = isDiscrete(teacher)
        ? tf.unstack(teacher.scaledCodebook(subject.teacherParameters))
        : [tf.zeros([subject.layout.channels])];
      for (const [index, code] of codes.slice(0, 16).entries()) {
        const xT = tf.add(tf.zeros(sequenceShape(subject)), tf.mul(code, 1 - MIN_TIMESTEP));
        const { value, grad } = tf.valueAndGrad((x: tf.Tensor) =>
          tf.sum(teacher.denoised(reading, x, times)).asScalar(),
        )(xT);
        requireFinite(`denoised on top of code ${index}`, value);
        requireFinite(`The gradient of denoised on top of code ${index}`, grad);
      }
    },
  },
  {
    name: 'teacher: what it reads depends on earlier AR steps only',
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
    name: 'teacher: the condition matters',
    run: (subject) => {
      const { sequence, otherCondition } = subject;
      if (!otherCondition) return;
      const change = tf.sub(meanOf(subject, sequence), meanOf(subject, sequence, otherCondition));
      requireThat(magnitude(change) > 0, 'Two conditions give the same predictions everywhere.');
    },
  },
  {
    name: 'teacher: log-probabilities are normalised and the codebook fits the layout',
    run: (subject) => {
      const { teacher, teacherParameters, batchSize, length, layout } = subject;
      if (!isDiscrete(teacher)) return;
      const codebook = teacher.scaledCodebook(teacherParameters);
      const [vocabSize = 0] = codebook.shape;
      requireShape('scaledCodebook', codebook, [vocabSize, layout.channels]);
      requireFinite('scaledCodebook', codebook);
      const logProbs = teacher.logProbs(teacherParameters, subject.sequence, subject.condition);
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
    run: ({ plainTeacher, teacherParameters, sequence, condition }) => {
      if (!isGuidedTeacher(plainTeacher)) return;
      const codes = tf.div(sequence, plainTeacher.codeScale);
      const plain = tf.logSoftmax(plainTeacher.logits(teacherParameters, codes, condition));
      const own = plainTeacher.logProbs(teacherParameters, sequence, condition);
      requireThat(
        magnitude(tf.sub(own, plain)) <= ROUNDING * magnitude(plain),
        'Without guidance and truncation logProbs is not the log-softmax of the logits.',
      );
    },
  },
];

function readingOf(subject: Subject, sequence: tf.Tensor, condition = subject.condition) {
  return subject.teacher.read(subject.teacherParameters, sequence, condition);
}

function denoisedOf(
  subject: Subject,
  sequence: tf.Tensor,
  xT: tf.Tensor,
  time: number,
  condition = subject.condition,
): tf.Tensor {
  const t = tf.fill(xT.shape.slice(0, -1), time);
  return subject.teacher.denoised(readingOf(subject, sequence, condition), xT, t);
}

/** E[x_0 | prefix]: what is predicted from noise alone. */
function meanOf(subject: Subject, sequence: tf.Tensor, condition = subject.condition): tf.Tensor {
  return denoisedOf(
    subject,
    sequence,
    subject.normal('noise', sequenceShape(subject)),
    1,
    condition,
  );
}
