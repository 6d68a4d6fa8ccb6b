import {
  ArDiffusionGenerator,
  classCondition,
  conditionRows,
  type ConditionSpace,
  sequenceLength,
  UNCONDITIONAL,
} from '@ar-distill/core';
import {
  compileOneStep,
  compileRefinement,
  createTeacherPool,
  type PoolEnvironment,
  refineWithTeacher,
  type TeacherPoolOptions,
} from '@ar-distill/core/sampling';
import { TrainingInterruptedError } from '@ar-distill/core/optimization';
import { initializeParameters, toTensors } from '@ar-distill/nn';
import { float32, type HostTensors } from '@ar-distill/program';
import * as tf from '@tensorflow/tfjs';
import { eagerCompiler } from './eager-compiler';
import { hashRng } from './hash-rng';
import { FEATURES, LAYOUT, TinyNetwork, TinyTeacher } from './tiny-plugin';

const rng = hashRng(8);
const LENGTH = sequenceLength(LAYOUT);
const SAMPLING = { guidanceScale: 1.5, topK: 4, topP: 0.9, temperature: 1 };

beforeAll(async () => {
  tf.enableProdMode();
  await tf.setBackend('cpu');
});

const spaces: [string, ConditionSpace, readonly string[]][] = [
  ['a class', classCondition(3), ['labels']],
  ['features', FEATURES, ['features']],
  ['nothing', UNCONDITIONAL, []],
];

describe.each(spaces)('conditioned on %s', (_, space, names) => {
  const network = new TinyNetwork(undefined, space);
  const generator = new ArDiffusionGenerator(network);
  const weights = generator.initialize(initializeParameters(network.parameterSpecs, rng));
  const teacher = new TinyTeacher(SAMPLING, undefined, space);
  const teacherWeights = initializeParameters(teacher.parameterSpecs, rng);

  /** Noise and uniforms of samples 7 and 8. */
  const noise = () => perSample((s) => rng.normal('sample/noise', s, LENGTH * LAYOUT.channels));
  const uniforms = () => perSample((s) => rng.uniform('sample/uniforms', s, LENGTH));
  const perSample = (draw: (sample: number) => Float32Array) =>
    tf.tensor2d([7, 8].map((sample) => Array.from(draw(sample))));
  const eager = (steps: number): number[] =>
    tf.tidy(() => {
      const condition = toTensors(space.inTurn(1, 2));
      const shaped = noise().reshape([2, LENGTH, LAYOUT.channels]);
      const generated = generator.generate(toTensors(weights), shaped, condition);
      if (steps === 0) return [...generated.dataSync()];
      const own = toTensors(teacherWeights);
      const refined = refineWithTeacher(teacher, own, generated, condition, uniforms(), steps);
      return [...refined.dataSync()];
    });

  test('one step is the generator on the noise of the sample numbers, in any batch', async () => {
    const sampler = await compileOneStep({ generator, weights, batchSize: 2 }, eagerCompiler);
    expect(sampler.evaluations).toBe(1);
    const { sequence, tokens } = await sampler.sample(space.inTurn(1, 2), rng, 7);
    expect(sequence.shape).toEqual([2, LENGTH, LAYOUT.channels]);
    expect([...sequence.data]).toEqual(eager(0));
    expect(tokens).toBeUndefined();
    const single = await compileOneStep({ generator, weights, batchSize: 1 }, eagerCompiler);
    const second = await single.sample(space.inTurn(2, 1), rng, 8);
    second.sequence.data.forEach((value, i) =>
      expect(value).toBeCloseTo(sequence.data[LENGTH * LAYOUT.channels + i]!, 5),
    );
    await expect(
      sampler.sample({ colour: float32([2], new Float32Array(2)) }, rng, 0),
    ).rejects.toThrow('This backbone knows no condition "colour": leave it out.');
  });

  test('refinement lets the teacher draw the last AR steps again', async () => {
    const program = { generator, weights, teacher, teacherWeights, batchSize: 2 };
    const sampler = await compileRefinement({ ...program, steps: 2 }, eagerCompiler);
    expect(sampler.evaluations).toBe(3);
    const { sequence } = await sampler.sample(space.inTurn(1, 2), rng, 7);
    expect([...sequence.data]).toEqual(eager(2));
    expect([...sequence.data]).not.toEqual(eager(0));
    await expect(compileRefinement({ ...program, steps: 4 }, eagerCompiler)).rejects.toThrow(
      'The teacher can draw 0 to 3 of the last AR steps again, not 4.',
    );
  });

  test('a pool has every condition in turn and is kept under the names of its values', async () => {
    const kept = new Map<string, HostTensors>();
    const options = { teacher, teacherWeights, size: 5, batchSize: 2 };
    const pool = await drawPool(options, kept);
    expect(pool.sequences.shape).toEqual([5, LENGTH, LAYOUT.channels]);
    expect(pool.condition).toEqual(space.inTurn(0, 5));
    expect(Object.keys(kept.get('teacher-pool')!)).toEqual(['sequences', ...names, 'tokens']);
    const unused: TeacherPoolOptions = { ...options, teacherWeights: {} };
    expect(await drawPool(unused, kept)).toEqual(pool);
    // Sample i is the same whatever the batches are.
    const whole = await drawPool({ ...options, batchSize: 5 }, new Map());
    expect(whole.tokens).toEqual(pool.tokens);
  });
});

test('a pool that is interrupted goes on where it stopped, to the same pool', async () => {
  const teacher = new TinyTeacher(SAMPLING);
  const teacherWeights = initializeParameters(teacher.parameterSpecs, rng);
  const options = { teacher, teacherWeights, size: 7, batchSize: 2 };
  const whole = new Map<string, HostTensors>();
  const expected = await drawPool(options, whole);
  const kept = new Map<string, HostTensors>();
  const drawn: number[] = [];
  for (const batches of [1, 2]) {
    const controller = new AbortController();
    let done = 0;
    const stopped = drawPool(options, kept, controller.signal, (update) => {
      drawn.push(update.done);
      if (++done === batches) controller.abort();
    });
    await expect(stopped).rejects.toThrow(TrainingInterruptedError);
    await expect(stopped).rejects.toThrow(`after iteration ${drawn.at(-1)} of 7`);
    expect([...kept.keys()]).not.toContain('teacher-pool');
  }
  const pool = await drawPool(options, kept, undefined, (update) => void drawn.push(update.done));
  expect(drawn).toEqual([2, 4, 6, 7]);
  expect(pool).toEqual(expected);
  // Nothing is left of the parts.
  expect(kept).toEqual(whole);
});

test('parts that a killed process left behind a complete pool are forgotten', async () => {
  const teacher = new TinyTeacher(SAMPLING);
  const teacherWeights = initializeParameters(teacher.parameterSpecs, rng);
  const options = { teacher, teacherWeights, size: 4, batchSize: 2 };
  const kept = new Map<string, HostTensors>();
  const pool = await drawPool(options, kept);
  const rows = (first: number) => conditionRows({ sequences: pool.sequences }, [first, first + 1]);
  kept.set('teacher-pool-from-0', rows(0));
  kept.set('teacher-pool-from-2', rows(2));
  expect(await drawPool(options, kept)).toEqual(pool);
  expect([...kept.keys()]).toEqual(['teacher-pool']);
});

test('a part that is not finite is refused by its sample', async () => {
  const teacher = new TinyTeacher(SAMPLING);
  const [n, C] = [sequenceLength(teacher.layout), teacher.layout.channels];
  const sequences = float32([2, n, C], new Float32Array(2 * n * C));
  sequences.data[n * C] = NaN;
  const kept = new Map([['teacher-pool-from-0', { sequences }]]);
  const options = { teacher, teacherWeights: {}, size: 4, batchSize: 2 };
  await expect(drawPool(options, kept)).rejects.toThrow(
    'The saved part of the pool "teacher-pool" became NaN at AR step 0 (position 0, channel 0) of sample 1',
  );
});

test('a condition cannot take the names that a pool has of its own', async () => {
  const space: ConditionSpace = {
    ...UNCONDITIONAL,
    values: { tokens: { shape: [], dtype: 'int32' } },
  };
  const teacher = new TinyTeacher(SAMPLING, undefined, space);
  await expect(
    drawPool({ teacher, teacherWeights: {}, size: 2, batchSize: 2 }, new Map()),
  ).rejects.toThrow('A condition cannot have a value named "tokens": give it another name.');
});

function drawPool(
  options: TeacherPoolOptions,
  kept: Map<string, HostTensors>,
  signal = new AbortController().signal,
  update: PoolEnvironment['progress']['update'] = () => undefined,
) {
  const environment: PoolEnvironment = {
    run: {
      loadArrays: (name) => Promise.resolve(kept.get(name)),
      saveArrays: (name, arrays) => Promise.resolve(void kept.set(name, arrays)),
      removeArrays: (name) => Promise.resolve(void kept.delete(name)),
    },
    progress: { update, message: () => undefined },
    signal,
  };
  return createTeacherPool(options, eagerCompiler, rng, environment);
}
