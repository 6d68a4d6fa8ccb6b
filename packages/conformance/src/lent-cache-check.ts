import * as tf from '@tensorflow/tfjs';
import { isDiscrete, type SequenceSampler } from '@ar-distill/core';
import {
  type ChooseCodes,
  type ChoosingProgram,
  compileArSampler,
} from '@ar-distill/core/sampling';
import { equalValues, requireThat } from './assertions';
import type { Check } from './check';
import { type Subject, withoutCompiler } from './subject';

const SEQUENCES = 64;
/** Sequences that may come out otherwise where logits are rounded otherwise. */
const ROUNDED = 1;

/** Rule of the cache that a teacher lends to other choices than draws from its distribution. */
export const lentCacheCheck: Check<Subject> = {
  id: 'lent-cache',
  name: 'sampler: a cache that is lent to other choices changes no code',
  needs: ['cache'],
  run: async ({ teacher, rng, compiler, hostTeacherParameters: weights, layout }) => {
    if (!isDiscrete(teacher) || !teacher.createCachedSampler) return;
    const program: ChoosingProgram = {
      name: 'chosen codes',
      weights,
      batchSize: SEQUENCES,
      draws: { kind: 'normal', stream: 'conformance/choices', shape: [layout.channels] },
      choose: chooseByNoise,
    };
    const given = teacher.condition.inTurn(0, SEQUENCES);
    const draw = async (sampler: SequenceSampler): Promise<Float32Array> => {
      const { sequence } = await sampler.sample(given, rng, 0).finally(() => sampler.dispose());
      return Float32Array.from(sequence.data);
    };
    const own = await draw(await teacher.createCachedSampler(compiler!, program));
    const expected = await draw(await compileArSampler({ ...program, teacher }, compiler!));
    const size = expected.length / SEQUENCES;
    const rows = Array.from({ length: SEQUENCES }, (_, i) => [i * size, (i + 1) * size] as const);
    const others = rows.filter(
      ([start, end]) => !equalValues(own.subarray(start, end), expected.subarray(start, end)),
    );
    requireThat(
      others.length <= ROUNDED,
      `For the same noise its cache leads to other codes than teacher-forced probabilities do, in ${others.length} of ${SEQUENCES} sequences.`,
    );
  },
  exempts: (subject) => {
    const { teacher } = subject;
    const isLent = isDiscrete(teacher) && teacher.createCachedSampler !== undefined;
    return withoutCompiler(subject) ?? (isLent ? undefined : 'the teacher lends no cache');
  },
};

/** The likely code that points most where its noise does. */
const chooseByNoise: ChooseCodes = (codebook, logProbs, noise) => {
  const [, channels = 0] = codebook.shape;
  const products = tf.matMul(
    tf.reshape(noise, [-1, channels]),
    codebook as tf.Tensor2D,
    false,
    true,
  );
  const tokens = tf.argMax(tf.add(logProbs, tf.reshape(products, logProbs.shape)), -1).toInt();
  return { tokens, codes: tf.gather(codebook, tokens) };
};
