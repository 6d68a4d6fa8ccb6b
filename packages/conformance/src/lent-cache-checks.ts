import * as tf from '@tensorflow/tfjs';
import { type DiscreteScoreTeacher, isDiscrete, type SampledSequences } from '@ar-distill/core';
import {
  arStepPrograms,
  type ChooseCodes,
  type ChoosingProgram,
  compileArSampler,
  compileWatchedDecoding,
  samplerParts,
} from '@ar-distill/core/sampling';
import type { HostTensors, Rng, StepCompiler } from '@ar-distill/program';
import { equalValues, requireThat } from './assertions';
import type { Check } from './check';
import { type Subject, withoutCompiler } from './subject';

/** Sequences of a batch; the second one starts with what the first one left in the cache. */
const BATCH = 32;
const BATCHES = 2;
/** Sequences that may come out otherwise where logits are rounded otherwise. */
const ROUNDED = 1;

/** What a sampler and AR steps one after the other have in common. */
interface Drawing {
  sample(
    condition: Readonly<HostTensors>,
    rng: Rng,
    firstSample: number,
    onStep: () => void,
  ): Promise<SampledSequences>;
  dispose(): Promise<void>;
}

/** Compiles the program over the cache of the teacher, or of one AR step after the other. */
type OpenCached = (
  teacher: DiscreteScoreTeacher,
  program: ChoosingProgram,
  compiler: StepCompiler,
) => Promise<Drawing>;

/** Rules of the cache that a teacher lends to other choices than draws from its distribution. */
export const lentCacheChecks: readonly Check<Subject>[] = [
  lentCacheCheck(
    { id: 'lent-cache', name: 'a cache that is lent to other choices changes no code' },
    { method: 'createCachedSampler', without: 'the teacher lends no cache' },
    (teacher, program, compiler) => teacher.createCachedSampler!(compiler, program),
  ),
  lentCacheCheck(
    { id: 'cached-steps', name: 'AR steps that keep a cache change no code, one by one' },
    { method: 'cachedSteps', without: 'the teacher keeps no cache from AR step to AR step' },
    (teacher, program, compiler) => {
      const steps = teacher.cachedSteps!(program);
      const parts = { ...samplerParts(teacher, program), ...steps };
      const initialState = (): Readonly<HostTensors> => steps.initialState();
      const programs = arStepPrograms(parts, Object.keys(initialState()));
      return compileWatchedDecoding(parts, programs, initialState, compiler);
    },
  ),
];

function lentCacheCheck(
  { id, name }: Pick<Check<Subject>, 'id' | 'name'>,
  {
    method,
    without,
  }: { readonly method: 'createCachedSampler' | 'cachedSteps'; readonly without: string },
  open: OpenCached,
): Check<Subject> {
  return {
    id,
    name: `sampler: ${name}`,
    needs: ['cache'],
    run: async (subject) => {
      const { teacher, compiler, hostTeacherParameters: weights, layout } = subject;
      if (!isDiscrete(teacher)) return;
      const program: ChoosingProgram = {
        name: 'chosen codes',
        weights,
        batchSize: BATCH,
        draws: { kind: 'normal', stream: 'conformance/choices', shape: [layout.channels] },
        choose: chooseByNoise,
      };
      const own = await drawBatches(subject, await open(teacher, program, compiler!));
      const plain = await compileArSampler({ ...program, teacher }, compiler!);
      const expected = await drawBatches(subject, plain);
      const others = own.filter((sequence, i) => !equalValues(sequence, expected[i]!));
      requireThat(
        others.length <= ROUNDED,
        `For the same noise its cache leads to other codes than teacher-forced probabilities do, in ${others.length} of ${own.length} sequences.`,
      );
    },
    exempts: (subject) => {
      const { teacher } = subject;
      const isLent = isDiscrete(teacher) && teacher[method] !== undefined;
      return withoutCompiler(subject) ?? (isLent ? undefined : without);
    },
  };
}

/** The sequences of some batches, each on its own. */
async function drawBatches({ teacher, rng }: Subject, drawing: Drawing): Promise<Float32Array[]> {
  const sequences: Float32Array[] = [];
  try {
    for (let first = 0; first < BATCHES * BATCH; first += BATCH) {
      const given = teacher.condition.inTurn(first, BATCH);
      const { sequence } = await drawing.sample(given, rng, first, () => undefined);
      const size = sequence.data.length / BATCH;
      for (let i = 0; i < BATCH; i++) {
        sequences.push(Float32Array.from(sequence.data.subarray(i * size, (i + 1) * size)));
      }
    }
  } finally {
    await drawing.dispose();
  }
  return sequences;
}

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
