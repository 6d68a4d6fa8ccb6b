import * as tf from '@tensorflow/tfjs';
import { isGuidedTeacher } from '@ar-distill/backbone-kit';
import {
  canBeDropped,
  isDiscrete,
  nothingGiven,
  PLAIN_SAMPLING,
  type TeacherSamplingOptions,
} from '@ar-distill/core';
import { truncatedLogProbs } from '@ar-distill/core/math';
import { toTensors } from '@ar-distill/nn';
import { magnitude, requireThat } from './assertions';
import type { Check } from './check';
import { ROUNDING } from './rounding';
import { DEFAULT_SAMPLING, type Subject, withoutTokens } from './subject';

/** One option at a time, so that none hides another, then all together. */
const TRUNCATIONS: readonly [string, Partial<TeacherSamplingOptions>][] = [
  ['temperature 1.5', { temperature: 1.5 }],
  ['top-k 2', { topK: 2 }],
  ['top-p 0.4', { topP: 0.4 }],
  ['temperature 1.5, top-k 3 and top-p 0.6', { temperature: 1.5, topK: 3, topP: 0.6 }],
];
/** Conditions whose predictions are compared with those of none. */
const CONDITIONS = 8;

/** Rules of what a teacher makes of `TeacherSamplingOptions`. */
export const guidanceChecks: readonly Check<Subject>[] = [
  {
    id: 'no-guidance',
    name: 'teacher: a guidance scale of 0 is no guidance',
    needs: ['log-probs'],
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
    exempts: withoutGuidance,
  },
  {
    id: 'truncation',
    name: 'teacher: temperature, top-k and top-p are those of its options',
    needs: ['no-guidance'],
    run: (subject) => {
      const { plainTeacher, teacherParameters, sequence, condition } = subject;
      if (!isDiscrete(plainTeacher)) return;
      const plain = plainTeacher.logProbs(teacherParameters, sequence, condition);
      for (const [what, options] of TRUNCATIONS) {
        const teacher = teacherWith(subject, { ...PLAIN_SAMPLING, ...options });
        if (!isDiscrete(teacher)) continue;
        const wanted = tf.exp(truncatedLogProbs(plain, options));
        const own = tf.exp(teacher.logProbs(teacherParameters, sequence, condition));
        requireThat(
          magnitude(tf.sub(own, wanted)) <= 1e-3,
          `With ${what} logProbs is not what truncatedLogProbs makes of the plain log-probabilities.`,
        );
      }
    },
    exempts: withoutTokens,
  },
  {
    id: 'nothing',
    name: 'teacher: without a condition it predicts something of its own',
    needs: ['no-guidance', 'condition-nothing'],
    run: ({ plainTeacher, teacherParameters: parameters, sequence, batchSize }) => {
      if (!isGuidedTeacher(plainTeacher)) return;
      const { condition: space } = plainTeacher;
      const codes = tf.div(sequence, plainTeacher.codeScale);
      const none = plainTeacher.logits(parameters, codes, nothingGiven(space, batchSize));
      for (let sample = 0; sample < CONDITIONS; sample++) {
        const given = toTensors(space.inTurn(sample, batchSize));
        const own = plainTeacher.logits(parameters, codes, given);
        const [first, without] = [own, none].map((logits) => tf.unstack(logits)[0]!);
        requireThat(
          magnitude(tf.sub(first!, without!)) > 0,
          `It predicts the same for the condition of sample ${sample} and without one.`,
        );
      }
    },
    exempts: withoutDropping,
  },
  {
    id: 'guidance',
    name: 'teacher: guidance mixes the predictions with and without the condition',
    needs: ['nothing', 'teacher-batch'],
    run: (subject) => {
      const { plainTeacher, teacherParameters: parameters, sequence, condition } = subject;
      const guidanceScale = subject.sampling.guidanceScale || DEFAULT_SAMPLING.guidanceScale;
      const teacher = teacherWith(subject, { ...PLAIN_SAMPLING, guidanceScale });
      if (!isGuidedTeacher(plainTeacher) || !isGuidedTeacher(teacher)) return;
      const codes = tf.div(sequence, plainTeacher.codeScale);
      const logitsFor = (given: typeof condition): tf.Tensor =>
        plainTeacher.logits(parameters, codes, given);
      const none = nothingGiven(plainTeacher.condition, subject.batchSize);
      const wanted = tf.logSoftmax(teacher.guide(logitsFor(condition), logitsFor(none)));
      const own = teacher.logProbs(parameters, sequence, condition);
      const plain = plainTeacher.logProbs(parameters, sequence, condition);
      const limit = 10 * ROUNDING * magnitude(wanted);
      requireThat(
        magnitude(tf.sub(own, plain)) > limit,
        `A guidance scale of ${guidanceScale} changes no prediction.`,
      );
      requireThat(
        magnitude(tf.sub(own, wanted)) <= limit,
        'With guidance logProbs is not the log-softmax of what guide makes of the logits.',
      );
    },
    exempts: withoutDropping,
  },
];

function teacherWith({ backbone, architecture }: Subject, sampling: TeacherSamplingOptions) {
  return backbone.createTeacher(architecture, sampling);
}

function withoutGuidance({ plainTeacher }: Subject): string | undefined {
  return isGuidedTeacher(plainTeacher) ? undefined : 'the teacher knows no guidance';
}

/** Why a check of guidance says nothing. */
export function withoutDropping(subject: Subject): string | undefined {
  const { condition } = subject.plainTeacher;
  const values = Object.values(condition.values);
  const isDroppable = canBeDropped(condition) && values.every((own) => own.nothing !== undefined);
  return withoutGuidance(subject) ?? (isDroppable ? undefined : 'no condition can be left out');
}
