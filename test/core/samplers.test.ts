import {
  ArDiffusionGenerator,
  classCondition,
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
import { initializeParameters } from '@ar-distill/nn';
import { float32, type HostTensors } from '@ar-distill/program';
import * as tf from '@tensorflow/tfjs';
import { eagerCompiler, toTensors } from './eager-compiler';
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

test('a pool that is interrupted keeps nothing', async () => {
  const teacher = new TinyTeacher(SAMPLING);
  const teacherWeights = initializeParameters(teacher.parameterSpecs, rng);
  const kept = new Map<string, HostTensors>();
  const options = { teacher, teacherWeights, size: 6, batchSize: 2 };
  const controller = new AbortController();
  const stopped = drawPool(options, kept, controller.signal, () => controller.abort());
  await expect(stopped).rejects.toThrow(TrainingInterruptedError);
  expect(kept.size).toBe(0);
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
  update = (): void => undefined,
) {
  const environment: PoolEnvironment = {
    run: {
      loadArrays: (name) => Promise.resolve(kept.get(name)),
      saveArrays: (name, arrays) => Promise.resolve(void kept.set(name, arrays)),
    },
    progress: { update, message: () => undefined },
    signal,
  };
  return createTeacherPool(options, eagerCompiler, rng, environment);
}
