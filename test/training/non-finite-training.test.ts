import {
  type Backbone,
  ofClasses,
  PLAIN_SAMPLING,
  type SequenceSampler,
  type TeacherAdaptation,
} from '@ar-distill/core';
import {
  adaptationSettingsSchema,
  startAdaptation,
  teacherFidelity,
} from '@ar-distill/core/methods';
import {
  type SupervisedTask,
  supervisedSettingsSchema,
  TrainingDivergedError,
  type TrainingEnvironment,
  trainSupervised,
} from '@ar-distill/core/optimization';
import { createTeacherPool, NonFiniteError } from '@ar-distill/core/sampling';
import { createEngine } from '@ar-distill/engine';
import { initializeParameters } from '@ar-distill/nn';
import { createRng, float32, type HostTensors, int32 } from '@ar-distill/program';
import * as tf from '@tensorflow/tfjs';
import { z } from 'zod';
import { LAYOUT, TinyNetwork, TinyTeacher } from '../core/tiny-plugin';

const LENGTH = 6;
const rng = createRng(4);
const engine = createEngine({ worker: false, threads: 1 });

beforeAll(async () => {
  tf.enableProdMode();
  await tf.setBackend('cpu');
});
afterAll(() => engine.dispose());

/** A run in memory with the arrays that it holds. */
function environment(arrays: Record<string, HostTensors> = {}) {
  const result: TrainingEnvironment = {
    run: {
      loadCheckpoint: () => Promise.resolve(undefined),
      saveCheckpoint: async ({ tensors }) => void (await tensors.read(Object.keys(tensors.specs))),
      logMetrics: () => undefined,
      saveArrays: (name, saved) => Promise.resolve(void (arrays[name] = { ...saved })),
      loadArrays: (name) => Promise.resolve(arrays[name]),
    },
    progress: { update: () => undefined, message: () => undefined },
    signal: new AbortController().signal,
  };
  return { environment: result, arrays };
}

const failureOf = (call: Promise<unknown>): Promise<unknown> =>
  call.then(
    () => 'no failure',
    (error: unknown) => error,
  );

describe('a pool of teacher sequences', () => {
  /** A sampler of its own that checks nothing: its sample number `broken` is not finite. */
  class BrokenTeacher extends TinyTeacher {
    constructor(private readonly broken: number) {
      super(PLAIN_SAMPLING);
    }

    override createSampler(
      ...[, , batchSize]: Parameters<TinyTeacher['createSampler']>
    ): Promise<SequenceSampler> {
      return Promise.resolve({
        batchSize,
        evaluations: 1,
        sample: (_condition, _rng, first) => {
          const size = LENGTH * LAYOUT.channels;
          const data = new Float32Array(batchSize * size).fill(0.5);
          const row = this.broken - first;
          if (row >= 0 && row < batchSize) data[row * size + 2 * 4 + 1] = -Infinity;
          return Promise.resolve({ sequence: float32([batchSize, LENGTH, LAYOUT.channels], data) });
        },
        dispose: () => Promise.resolve(),
      });
    }
  }

  it('refuses a sequence that is not finite, and saves nothing', async () => {
    const { environment: own, arrays } = environment();
    const teacher = new BrokenTeacher(13);
    const options = { teacher, teacherWeights: {}, size: 20, batchSize: 5 };
    const failure = await failureOf(createTeacherPool(options, engine, rng, own));
    expect(failure).toBeInstanceOf(NonFiniteError);
    expect((failure as Error).message).toContain(
      "The teacher's sequence became -Infinity at AR step 2 (position 4, channel 1) of sample 13",
    );
    expect(arrays).toEqual({});
    const whole = new BrokenTeacher(20);
    await createTeacherPool({ ...options, teacher: whole }, engine, rng, own);
    expect(Object.keys(arrays)).toEqual(['teacher-pool']);
  });

  it('refuses a saved one, too', async () => {
    const sequences = float32([2, LENGTH, 2], new Float32Array(24).fill(NaN, 15, 16));
    const { environment: own } = environment({
      'teacher-pool': { sequences, ...ofClasses(new Int32Array(2)) },
    });
    const teacher = new TinyTeacher(PLAIN_SAMPLING);
    const failure = await failureOf(
      createTeacherPool({ teacher, teacherWeights: {}, size: 2, batchSize: 2 }, engine, rng, own),
    );
    expect((failure as Error).message).toContain(
      'The saved pool "teacher-pool" became NaN at AR step 1 (position 1, channel 1) of sample 1',
    );
  });
});

describe('a supervised training', () => {
  const settings = supervisedSettingsSchema.parse({
    iterations: 10,
    batchSize: 1,
    learningRate: 0.01,
    emaDecay: 0.5,
  });

  /** Trains `weight`; `hits` is kept beside it and becomes what `next` makes of it. */
  function taskOf(next: (hits: tf.Tensor) => tf.Tensor, repaired: number, calls: number[]) {
    const task: SupervisedTask = {
      parameterSpecs: {
        weight: { shape: [2], init: { kind: 'constant', value: 1 } },
        hits: { shape: [3], init: { kind: 'constant', value: 1 } },
      },
      isTrainable: (name) => name === 'weight',
      batchSpecs: () => ({}),
      evaluate: ({ weight, hits }) => ({
        loss: weight!.square().sum(),
        metrics: {},
        updates: { hits: next(hits!) },
      }),
      maintenance: {
        interval: 3,
        repair: (_weights, _batch, _rng, iteration) => {
          calls.push(iteration);
          return { hits: float32([3], Float32Array.of(1, repaired, 1)) };
        },
      },
    };
    return task;
  }
  const train = (task: SupervisedTask, checkpointInterval = 10): Promise<unknown> =>
    failureOf(
      trainSupervised(
        { name: 'tokenizer', task, settings, batch: () => ({}), checkpointInterval },
        engine,
        rng,
        environment().environment,
      ),
    );
  const scaled = (hits: tf.Tensor): tf.Tensor => hits.mul(tf.tensor1d([1, 1e30, 1]));

  it('ends before a repair that would read what is not finite', async () => {
    const calls: number[] = [];
    const failure = await train(taskOf(scaled, 1, calls));
    expect(failure).toBeInstanceOf(TrainingDivergedError);
    expect((failure as Error).message).toContain(
      '"hits[1]" became Infinity at iteration 2 of the stage "tokenizer"',
    );
    expect(calls).toEqual([]);
  });

  it('ends after a repair that is not finite', async () => {
    const calls: number[] = [];
    const failure = await train(taskOf((hits) => hits, NaN, calls));
    expect((failure as Error).message).toContain('"hits[1]" became NaN at iteration 2');
    expect(calls).toEqual([2]);
  });

  it('ends at the checkpoint when no repair comes before it', async () => {
    const failure = await train(taskOf(scaled, 1, []), 2);
    expect((failure as Error).message).toContain('"model/value/hits[1]" became Infinity');
  });

  it('goes on when everything is finite', async () => {
    const calls: number[] = [];
    expect(await train(taskOf((hits) => hits.mul(2), 1, calls))).toBe('no failure');
    expect(calls).toEqual([2, 5]);
  });
});

describe('an adaptation', () => {
  const sequences = {
    tokens: int32(
      [4, LENGTH],
      Int32Array.from({ length: 4 * LENGTH }, (_, i) => i % 7),
    ),
    condition: ofClasses(Int32Array.of(0, 1, 2, 0)),
  };
  const teacher = new TinyTeacher(PLAIN_SAMPLING);
  const weights = initializeParameters(teacher.parameterSpecs, rng);

  it('names the sequence for which two teachers cannot be compared', async () => {
    const { shape, data } = weights['class.weight']!;
    // Class 2 is that of the third sequence.
    const table = Float32Array.from(data).fill(NaN, 2 * shape[1]!, 3 * shape[1]!);
    const other = { ...weights, 'class.weight': float32(shape, table) };
    const compare = (own: HostTensors): Promise<unknown> =>
      teacherFidelity({ teacher, weights }, { teacher, weights: own }, sequences, 2, engine);
    const failure = await failureOf(compare(other));
    expect(failure).toBeInstanceOf(NonFiniteError);
    expect((failure as Error).message).toContain(
      'The figure "crossEntropy" of the teachers\' comparison became NaN at the mean over the positions of sample 2',
    );
    expect(await compare(weights)).toMatchObject({ divergence: 0 });
  });

  it('lets the comparison of two teachers be stopped between two batches', async () => {
    const seen: number[][] = [];
    const own = { teacher, weights };
    const compared = teacherFidelity(own, own, sequences, 2, engine, (...counts) => {
      seen.push(counts);
      if (seen.length === 2) throw new Error('stopped');
    });
    await expect(compared).rejects.toThrow('stopped');
    expect(seen).toEqual([
      [0, 4],
      [2, 4],
    ]);
  });

  /** Its regression has left `weight`, of which the error is the logarithm. */
  function regressed(weight: number): Promise<unknown> {
    const task: SupervisedTask = {
      parameterSpecs: { weight: { shape: [1], init: { kind: 'zeros' } } },
      isTrainable: () => true,
      batchSpecs: () => ({}),
      evaluate: (parameters) => ({
        loss: parameters['weight']!.sum(),
        metrics: { relativeError: parameters['weight']!.sum().log() },
      }),
    };
    const adaptation: TeacherAdaptation<null> = {
      isNeeded: () => true,
      adaptedArchitecture: () => null,
      createRegressionTask: () => task,
      createFineTuningTask: () => task,
      createMatchingTask: () => task,
      adaptedWeights: () => weights,
    };
    const backbone: Backbone<null> = {
      name: 'tiny',
      summary: 'for tests',
      architectureSchema: z.null(),
      createTeacher: (_architecture, sampling) => new TinyTeacher(sampling),
      createNetwork: () => new TinyNetwork(),
      adaptation,
    };
    const settings = adaptationSettingsSchema.parse({
      sequences: 4,
      heldOut: 1,
      regression: { iterations: 3, learningRate: 1 },
      fineTuning: { iterations: 3, batchSize: 1, learningRate: 1 },
    });
    const { stages } = startAdaptation(
      { backbone, architecture: null, teacherWeights: weights, sequences, settings },
      { compiler: engine, rng },
    );
    const kept = { 'adaptation-regression': { weight: float32([1], Float32Array.of(weight)) } };
    expect(stages[0]!.name).toBe('adaptation-regression');
    return failureOf(stages[0]!.run(environment(kept).environment));
  }

  it('refuses an error of the regression that is not finite', async () => {
    const failure = await regressed(-1);
    expect(failure).toBeInstanceOf(TrainingDivergedError);
    expect((failure as Error).message).toContain(
      '"relativeError" became NaN at iteration 2 of the stage "adaptation-regression"',
    );
    expect(await regressed(1)).toBe('no failure');
  });

  it('refuses kept weights that are not finite', async () => {
    expect(await regressed(Infinity)).toEqual(
      new Error(
        'Element 0 of "weight" is Infinity in the arrays "adaptation-regression" of the run: start a new run.',
      ),
    );
  });
});
