import { PLAIN_SAMPLING, type PoolCache, sequenceLength } from '@ar-distill/core';
import {
  createTeacherPool,
  type PoolEnvironment,
  type TeacherPoolOptions,
} from '@ar-distill/core/sampling';
import { TrainingInterruptedError } from '@ar-distill/core/optimization';
import { initializeParameters } from '@ar-distill/nn';
import { float32, type HostTensors } from '@ar-distill/program';
import * as tf from '@tensorflow/tfjs';
import { eagerCompiler } from './eager-compiler';
import { hashRng } from './hash-rng';
import { TinyTeacher } from './tiny-plugin';

const rng = hashRng(8);
const teacher = new TinyTeacher(PLAIN_SAMPLING);
const teacherWeights = initializeParameters(teacher.parameterSpecs, rng);
const BATCH = 4;

beforeAll(async () => {
  tf.enableProdMode();
  await tf.setBackend('cpu');
});

/** A cache that lives in memory, and how often somebody had it alone. */
function memoryCache() {
  const parts = new Map<string, HostTensors>();
  let turns = 0;
  let isAlone = false;
  const cache: PoolCache = {
    loadArrays: async (name) => parts.get(name),
    saveArrays: async (name, arrays) => {
      if (!isAlone) throw new Error('Saved without having the cache alone.');
      parts.set(name, structuredClone(arrays));
    },
    alone: async (work) => {
      turns++;
      isAlone = true;
      try {
        return await work();
      } finally {
        isAlone = false;
      }
    },
  };
  return { parts, cache, turns: () => turns };
}

/** Draws in a fresh run; what it holds then, and the first sequence of every batch that was drawn. */
async function drawn(
  size: number,
  cache?: PoolCache,
  { batchSize = BATCH, stopAfter = Infinity } = {},
) {
  const arrays = new Map<string, HostTensors>();
  const interruption = new AbortController();
  const firsts: number[] = [];
  const messages: string[] = [];
  const options: TeacherPoolOptions = {
    teacher: {
      layout: teacher.layout,
      condition: teacher.condition,
      createSampler: async (...given) => {
        const sampler = await teacher.createSampler(...given);
        return {
          ...sampler,
          batchSize: sampler.batchSize,
          sample: (condition, own, first) => {
            firsts.push(first);
            if (firsts.length === stopAfter) interruption.abort();
            return sampler.sample(condition, own, first);
          },
          dispose: () => sampler.dispose(),
        };
      },
    },
    ...{ teacherWeights, size, batchSize },
  };
  const environment: PoolEnvironment = {
    run: {
      loadArrays: async (name) => arrays.get(name),
      saveArrays: async (name, values) => void arrays.set(name, values),
      removeArrays: async (name) => void arrays.delete(name),
    },
    progress: { update: () => undefined, message: (text) => void messages.push(text) },
    signal: interruption.signal,
    cache,
  };
  const pool = createTeacherPool(options, eagerCompiler, rng, environment);
  const outcome = await pool.catch((error: unknown) => error);
  return { outcome, arrays, firsts, messages };
}

test('gives a pool with the bits that it has without a cache, of any size and in any order', async () => {
  const { cache, turns } = memoryCache();
  // 6 ends inside a batch: 11 goes on with the batches that it would have had by itself.
  for (const [size, firsts, message] of [
    [6, [0, 4], undefined],
    [6, [], '6 of the 6'],
    [5, [], '5 of the 5'],
    [11, [8], '8 of the 11'],
    [3, [], '3 of the 3'],
  ] as const) {
    const cached = await drawn(size, cache);
    expect(cached.firsts).toEqual(firsts);
    const { outcome, arrays } = await drawn(size);
    expect(cached.outcome).toEqual(outcome);
    // The run holds the whole pool, and needs the cache no more.
    expect(cached.arrays).toEqual(arrays);
    expect(cached.messages.join('\n')).toContain(message ?? '');
    expect(cached.messages).toHaveLength(message === undefined ? 0 : 1);
  }
  expect(turns()).toBe(2);
});

test('keeps what was drawn before an interruption for every run', async () => {
  const { cache } = memoryCache();
  const stopped = await drawn(12, cache, { stopAfter: 2 });
  expect(stopped.outcome).toBeInstanceOf(TrainingInterruptedError);
  expect([...stopped.arrays.keys()]).toEqual([]);
  const other = await drawn(12, cache);
  expect(other.firsts).toEqual([8]);
  expect(other.outcome).toEqual((await drawn(12)).outcome);
});

test('does not mix batches of different sizes, whose arithmetic may be rounded otherwise', async () => {
  const { cache, parts } = memoryCache();
  await drawn(4, cache);
  expect((await drawn(4, cache, { batchSize: 2 })).firsts).toEqual([0, 2]);
  expect([...parts.keys()]).toEqual(['teacher-pool-by-4-from-0', 'teacher-pool-by-2-from-0']);
});

test('reads what another process saved while this one waited', async () => {
  const { cache } = memoryCache();
  const waited: PoolCache = {
    ...cache,
    alone: async (work) => {
      await drawn(8, cache);
      return cache.alone(work);
    },
  };
  const { firsts, outcome } = await drawn(8, waited);
  expect(firsts).toEqual([]);
  expect(outcome).toEqual((await drawn(8)).outcome);
});

test('refuses a part that is not finite', async () => {
  const { cache, parts } = memoryCache();
  const [n, C] = [sequenceLength(teacher.layout), teacher.layout.channels];
  const sequences = float32([BATCH, n, C], new Float32Array(BATCH * n * C).fill(NaN));
  parts.set('teacher-pool-by-4-from-0', { sequences });
  expect(String((await drawn(4, cache)).outcome)).toContain('became NaN');
});
