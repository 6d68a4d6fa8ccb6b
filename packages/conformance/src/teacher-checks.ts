import * as tf from '@tensorflow/tfjs';
import { conditionInputs, conditionOf, isDiscrete, stepOfPosition } from '@ar-distill/core';
import { MIN_TIMESTEP } from '@ar-distill/core/math';
import { elementCount, float32 } from '@ar-distill/program';
import { conditionOfRows, requireApart } from './apart';
import {
  changePerPosition,
  magnitude,
  requireFinite,
  requireShape,
  requireThat,
} from './assertions';
import { replaceStep } from './causality';
import type { Check } from './check';
import { requireSameCompiled } from './compiled';
import { guidanceChecks } from './guidance-checks';
import { ROUNDING } from './rounding';
import {
  batchOf,
  otherBatchSizes,
  sequenceShape,
  type Subject,
  withoutCompiler,
  withoutOtherCondition,
  withoutTokens,
} from './subject';

/** Rules of `ConditionalScoreTeacher` and `DiscreteScoreTeacher`. */
export const teacherChecks: readonly Check<Subject>[] = [
  {
    id: 'teacher-finite',
    name: 'teacher: denoised is finite from t = tMin to t = 1',
    run: (subject) => {
      const xT = subject.normal('xT', sequenceShape(subject));
      for (const time of [MIN_TIMESTEP, 0.5, 1]) {
        requireFinite(`denoised at t = ${time}`, denoisedOf(subject, subject.sequence, xT, time));
      }
    },
  },
  {
    id: 'log-probs',
    name: 'teacher: log-probabilities are normalised and the codebook fits the layout',
    needs: ['teacher-finite'],
    run: ({ teacher, teacherParameters, sequence, condition, layout }) => {
      if (!isDiscrete(teacher)) return;
      const codebook = teacher.scaledCodebook(teacherParameters);
      requireShape('scaledCodebook', codebook, [codebook.shape[0]!, layout.channels]);
      requireFinite('scaledCodebook', codebook);
      const logProbs = teacher.logProbs(teacherParameters, sequence, condition);
      const sums = tf.sum(tf.exp(logProbs), -1);
      requireThat(
        magnitude(tf.sub(sums, 1)) < 1e-4,
        'The probabilities of a position do not sum to 1.',
      );
    },
    exempts: withoutTokens,
  },
  {
    id: 'teacher-shapes',
    name: 'teacher: what it gives has its shape at two batch sizes',
    needs: ['teacher-finite', 'log-probs'],
    run: (subject) => {
      const { teacher, teacherParameters, length, layout, normal } = subject;
      for (const count of otherBatchSizes(subject)) {
        const { sequence, condition } = batchOf(subject, count);
        const shape = [count, length, layout.channels];
        const reading = teacher.read(teacherParameters, sequence, condition);
        const t = tf.fill([count, length], 0.5);
        const denoised = teacher.denoised(reading, normal('xT', shape), t);
        requireShape(`denoised of ${count}`, denoised, shape);
        if (!isDiscrete(teacher)) continue;
        const [vocabSize = 0] = teacher.scaledCodebook(teacherParameters).shape;
        const logProbs = teacher.logProbs(teacherParameters, sequence, condition);
        requireShape(`logProbs of ${count}`, logProbs, [count, length, vocabSize]);
      }
    },
  },
  {
    id: 'teacher-batch',
    name: 'teacher: a sample gets the same predictions in any batch',
    needs: ['teacher-shapes'],
    run: (subject) => {
      const { teacher, teacherParameters, length, normal } = subject;
      const [, count] = otherBatchSizes(subject);
      const { sequence, condition } = batchOf(subject, count);
      const xT = normal('xT', sequence.shape);
      const t = tf.fill([count, length], 0.5);
      requireApart('A sample gets other predictions alone than among others.', count, (own) => {
        const given = conditionOfRows(condition, own);
        const reading = teacher.read(teacherParameters, own(sequence), given);
        return teacher.denoised(reading, own(xT), own(t));
      });
    },
  },
  {
    id: 'noise-draws',
    name: 'teacher: one reading serves several noise draws',
    needs: ['teacher-shapes'],
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
    id: 'teacher-gradient',
    name: 'teacher: value and gradient are finite on top of clean codes, t = tMin',
    needs: ['teacher-shapes', 'log-probs'],
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
    id: 'teacher-causality',
    name: 'teacher: what it reads depends on earlier AR steps only',
    needs: ['teacher-batch'],
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
    id: 'teacher-condition',
    name: 'teacher: the condition matters',
    needs: ['teacher-causality'],
    run: (subject) => {
      const { sequence, otherCondition } = subject;
      const change = tf.sub(meanOf(subject, sequence), meanOf(subject, sequence, otherCondition));
      requireThat(magnitude(change) > 0, 'Two conditions give the same predictions everywhere.');
    },
    exempts: withoutOtherCondition,
  },
  ...guidanceChecks,
  {
    id: 'teacher-compiled',
    name: 'teacher: compiled it predicts the same',
    needs: ['teacher-batch'],
    run: async (subject) => {
      const { teacher, hostTeacherParameters, hostCondition, rng } = subject;
      const shape = sequenceShape(subject);
      const draw = (name: string) =>
        float32(shape, rng.normal(`conformance/${name}`, 0, elementCount(shape)));
      await requireSameCompiled(subject.compiler!, {
        what: 'teacher',
        weights: hostTeacherParameters,
        inputs: { sequence: draw('sequence'), xT: draw('xT'), ...conditionInputs(hostCondition) },
        compute: (parameters, inputs) => {
          const { sequence, xT } = inputs as Record<'sequence' | 'xT', tf.Tensor>;
          const reading = teacher.read(parameters, sequence, conditionOf(inputs));
          const t = tf.fill(shape.slice(0, -1), 0.5);
          return {
            prediction: teacher.denoised(reading, xT, t),
            ...(isDiscrete(teacher)
              ? {
                  probabilities: tf.exp(
                    teacher.logProbs(parameters, sequence, conditionOf(inputs)),
                  ),
                }
              : {}),
          };
        },
      });
    },
    exempts: withoutCompiler,
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
