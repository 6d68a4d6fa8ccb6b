import * as tf from '@tensorflow/tfjs';
import { isGuidedTeacher } from '@ar-distill/backbone-kit';
import { isDiscrete } from '@ar-distill/core';
import { listNames, magnitude, requireThat } from './assertions';
import type { Check } from './check';
import { ROUNDING } from './rounding';
import { type Subject, withoutTokenizer, withoutTokens } from './subject';

/**
 * Rules of what teacher and tokenizer have in common: weights of one training become weights of the
 * other by their names, and a code is the same vector for both.
 */
export const codebookChecks: readonly Check<Subject>[] = [
  {
    id: 'shared-names',
    name: 'teacher: it shares names and shapes of parameters with the tokenizer',
    needs: ['tokenizer-codebook'],
    run: ({ backbone, architecture, tokenizer, teacher }) => {
      if (!tokenizer) return;
      const { parameterSpecs: known } = tokenizer;
      const other = Object.entries(teacher.parameterSpecs).filter(
        ([name, { shape }]) => known[name] && known[name].shape.join() !== shape.join(),
      );
      requireThat(
        other.length === 0,
        `The tokenizer has other shapes of ${listNames(other.map(([name]) => name))}.`,
      );
      const task = backbone.createTeacherTask?.(architecture);
      const orphans = Object.keys(task?.parameterSpecs ?? {}).filter(
        (name) => !task?.isTrainable(name) && !known[name],
      );
      requireThat(
        orphans.length === 0,
        `Its training does not train ${listNames(orphans)}, which the tokenizer does not give it either.`,
      );
      const taken = Object.keys(task?.parameterSpecs ?? {}).filter(
        (name) => task?.isTrainable(name) && known[name],
      );
      requireThat(
        taken.length === 0,
        `Its training trains ${listNames(taken)}, which the tokenizer has, too, and which would differ then: make isTrainable false for them.`,
      );
    },
    exempts: withoutTokenizer,
  },
  {
    id: 'shared-codebook',
    name: "teacher: its codebook is the tokenizer's",
    needs: ['shared-names', 'log-probs'],
    run: (subject) => {
      const { tokenizer, teacher, tokenizerParameters, teacherParameters } = subject;
      if (!tokenizer || !isDiscrete(teacher)) return;
      const codes = tokenizer.codebook(tokenizerParameters);
      const scaled = teacher.scaledCodebook({ ...teacherParameters, ...sharedByName(subject) });
      const [own, given] = [scaled.shape[0], tokenizer.vocabSize];
      requireThat(own === given, `The teacher has ${own} codes where the tokenizer has ${given}.`);
      // In any scale: which one it has is the next rule.
      const along = tf.div(tf.sum(tf.mul(scaled, codes)), tf.sum(tf.square(codes)));
      requireThat(
        magnitude(tf.sub(scaled, tf.mul(codes, along))) <= 1e-4 * magnitude(scaled),
        'With the weights of the tokenizer under their names, the teacher has other codes than it: give the codebook one name in both.',
      );
    },
    exempts: (subject) => withoutTokenizer(subject) ?? withoutTokens(subject),
  },
  {
    id: 'scaled-codebook',
    name: 'teacher: scaledCodebook is codeScale times the codes',
    needs: ['shared-codebook', 'log-probs'],
    run: (subject) => {
      const { tokenizer, teacher, teacherParameters, tokenizerParameters } = subject;
      if (!isDiscrete(teacher)) return;
      const parameters = { ...teacherParameters, ...sharedByName(subject) };
      const codes = tokenizer
        ? tokenizer.codebook(tokenizerParameters)
        : isGuidedTeacher(teacher) && teacher.codebook(parameters);
      if (!codes) return;
      const scaled = teacher.scaledCodebook(parameters);
      requireThat(
        magnitude(tf.sub(scaled, tf.mul(codes, teacher.codeScale))) <= 1e-4 * magnitude(scaled),
        `scaledCodebook is not ${teacher.codeScale} times the codes.`,
      );
    },
    exempts: (subject) =>
      withoutTokens(subject) ??
      (subject.tokenizer || isGuidedTeacher(subject.teacher)
        ? undefined
        : 'nothing but scaledCodebook knows the codes'),
  },
  {
    id: 'code-scale-read',
    name: 'teacher: what it reads is the sequence over codeScale',
    needs: ['scaled-codebook', 'no-guidance'],
    run: ({ plainTeacher, teacherParameters, batchSize, length, condition, rng }) => {
      if (!isGuidedTeacher(plainTeacher)) return;
      const scaled = plainTeacher.scaledCodebook(teacherParameters);
      const drawn = rng.integers('conformance/tokens', 0, batchSize * length, scaled.shape[0]!);
      const tokens = tf.tensor2d(drawn, [batchSize, length], 'int32');
      const expected = tf.logSoftmax(
        plainTeacher.logitsOfTokens(teacherParameters, tokens, condition),
      );
      const own = plainTeacher.logProbs(teacherParameters, tf.gather(scaled, tokens), condition);
      requireThat(
        magnitude(tf.sub(own, expected)) <= 10 * ROUNDING * magnitude(expected),
        'The log-probabilities after scaled codes are others than after their tokens.',
      );
    },
    exempts: ({ plainTeacher }) =>
      isGuidedTeacher(plainTeacher) ? undefined : 'the teacher does not read tokens',
  },
];

/** The tokenizer's weights that the teacher has under the same name. */
function sharedByName({ teacher, tokenizerParameters }: Subject): Record<string, tf.Tensor> {
  return Object.fromEntries(
    Object.entries(tokenizerParameters).filter(([name]) => teacher.parameterSpecs[name]),
  );
}
