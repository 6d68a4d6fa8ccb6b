import { isGuidedTeacher } from '@ar-distill/backbone-kit';
import {
  conditionInputs,
  conditionOf,
  conditionSpecs,
  type DiscreteScoreTeacher,
  isDiscrete,
  type SequenceSampler,
} from '@ar-distill/core';
import { type CompiledStep, type Rng, streamsUnder } from '@ar-distill/program';
import * as tf from '@tensorflow/tfjs';
import { equalValues } from './assertions';
import { type DrawnBatch, type DrawStatistics, drawStatistics } from './frequencies';
import type { Subject } from './subject';

/** Opens a sampler for batches of `batchSize`. */
export type Open = (subject: Subject, batchSize: number) => Promise<SequenceSampler>;

/** Sequences that frequencies are counted in, and how many of them are drawn at once. */
export const DRAWN = 1024;
const DRAWN_AT_ONCE = 64;
/** What a sampler drew in all, and whether other random numbers gave it the same once more. */
export interface Drawn {
  readonly statistics: DrawStatistics;
  readonly isFixed: boolean;
}

/** Several rules look at the same draws. */
const DRAWS = new WeakMap<Subject, Map<Open, Promise<Drawn>>>();

/** Draws many sequences with the kit's random numbers and compares them with the probabilities. */
export function drawMany(subject: Subject, open: Open): Promise<Drawn> {
  const known = DRAWS.get(subject) ?? new Map<Open, Promise<Drawn>>();
  DRAWS.set(subject, known);
  const drawn = known.get(open) ?? drawAnew(subject, open);
  known.set(open, drawn);
  return drawn;
}

function drawAnew(subject: Subject, open: Open): Promise<Drawn> {
  const { teacher, network } = subject;
  if (!isDiscrete(teacher)) throw new Error('Only tokens have frequencies.');
  // The default sampler and a cache read the same uniforms; who draws in another way may need several.
  const isGuided = isGuidedTeacher(teacher);
  const numbers = (stream: string): Rng =>
    isGuided ? oneStream(subject.rng, stream) : streamsUnder(subject.rng, stream);
  const rng = numbers('conformance/drawn');
  return withSampler(subject, open, DRAWN_AT_ONCE, async (sampler) => {
    const forced = await compileForced(subject, teacher);
    try {
      const batches: DrawnBatch[] = [];
      for (let first = 0; first < DRAWN; first += DRAWN_AT_ONCE) {
        const given = network.condition.inTurn(first, DRAWN_AT_ONCE);
        const drawn = await sampler.sample(given, rng, first);
        const { sequence } = drawn;
        const { probabilities } = await forced.run({ sequence, ...conditionInputs(given) });
        batches.push({ drawn, probabilities: probabilities! });
      }
      const given = network.condition.inTurn(0, DRAWN_AT_ONCE);
      const other = await sampler.sample(given, numbers('conformance/other'), 0);
      return {
        statistics: drawStatistics(batches),
        isFixed: equalValues(other.sequence.data, batches[0]!.drawn.sequence.data),
      };
    } finally {
      await forced.dispose();
    }
  });
}

/** The teacher-forced probabilities, which compiled are those of every other rule, as one of them says. */
function compileForced(
  { compiler, layout, length, hostTeacherParameters }: Subject,
  teacher: DiscreteScoreTeacher,
): Promise<CompiledStep> {
  return compiler!.compile({
    name: 'teacher-forced probabilities',
    constants: hostTeacherParameters,
    inputs: {
      sequence: { shape: [DRAWN_AT_ONCE, length, layout.channels], dtype: 'float32' },
      ...conditionSpecs(teacher.condition, [DRAWN_AT_ONCE]),
    },
    fn: ({ constants, inputs }) => {
      const logProbs = teacher.logProbs(constants, inputs['sequence']!, conditionOf(inputs));
      return { outputs: { probabilities: tf.exp(logProbs) } };
    },
  });
}

/** The same uniforms in all streams: two samplers that draw alike draw the same. */
function oneStream(rng: Rng, stream: string): Rng {
  return { ...rng, uniform: (_stream, index, count) => rng.uniform(stream, index, count) };
}

/** Opens a sampler, uses it and disposes of it. */
export async function withSampler<T>(
  subject: Subject,
  open: Open,
  batchSize: number,
  use: (sampler: SequenceSampler) => Promise<T>,
): Promise<T> {
  const sampler = await open(subject, batchSize);
  try {
    return await use(sampler);
  } finally {
    await sampler.dispose();
  }
}
