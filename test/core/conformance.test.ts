import * as tf from '@tensorflow/tfjs';
import { z } from 'zod';
import { checkBackbone, checkPlugin } from '@ar-distill/conformance';
import {
  type Backbone,
  classCondition,
  type ConditionSpace,
  UNCONDITIONAL,
} from '@ar-distill/core';
import { createEngine } from '@ar-distill/engine';
import { hashRng } from './hash-rng';
import { FEATURES, type Fault, tinyBackbone, tinyPlugin } from './tiny-plugin';

const compiler = createEngine({ worker: false, threads: 1 });
afterAll(() => compiler.dispose());
// A check that outlives its test would run into the next one.
jest.setTimeout(600_000);

const options = { rng: hashRng(3), compiler };

const conditions: [string, ConditionSpace][] = [
  ['a class', classCondition(3)],
  ['one class only', classCondition(1)],
  ['features', FEATURES],
  ['nothing', UNCONDITIONAL],
];

test.each(conditions)(
  'a backbone that keeps the rules passes all of them: %s',
  async (_, space) => {
    const results = await checkBackbone(tinyBackbone(undefined, space), {}, options);
    expect(results.filter(({ state }) => state === 'failed')).toEqual([]);
    expect(results.length).toBeGreaterThan(25);
  },
);

test('no tensor is left behind', async () => {
  await tf.setBackend('cpu');
  const before = tf.memory().numTensors;
  await checkBackbone(tinyBackbone(), {}, options);
  expect(tf.memory().numTensors).toBe(before);
});

const faults: [Fault, string, string][] = [
  ['leak', 'features depend on earlier AR steps only', 'Position 0 of AR step 0 sees AR step 0.'],
  ['ignored-condition', 'the condition reaches every position', 'same features for two conditions'],
  ['unused-parameter', 'network: gradients are finite and reach', '"spare.weight"'],
  ['infinite', 'velocities are finite', 'at t = 1 has values that are NaN'],
  ['mixed-positions', 'velocity is position-wise', 'when other positions are left out'],
  ['guided-at-zero', 'a guidance scale of 0', 'is not the log-softmax of the logits'],
  ['wrong-cache', 'samples are repeatable', 'a token whose teacher-forced probability is 0'],
  ['unchecked-condition', 'refuses conditions of another form', 'It takes an unknown value'],
];

test.each(faults)('finds the fault "%s" in "%s"', async (fault, name, detail) => {
  const results = await checkBackbone(tinyBackbone(fault), {}, options);
  const broken = results.find((result) => result.state === 'failed' && result.name.includes(name));
  expect(broken?.detail).toContain(detail);
});

test('a factory that throws is a result, not an exception', async () => {
  const results = await checkBackbone(
    {
      ...tinyBackbone(),
      createTeacher: () => {
        throw new Error('No such teacher.');
      },
    },
    {},
    options,
  );
  const [first, ...more] = results.filter(({ state }) => state !== 'ok');
  expect(first).toEqual({
    subject: 'backbone "tiny"',
    name: 'backbone: the factories make its parts',
    state: 'failed',
    detail: 'No such teacher.',
    stack: expect.stringContaining('conformance.test.ts'),
  });
  expect(more.length).toBeGreaterThan(25);
  expect(new Set(more.map(({ state, detail }) => `${state} ${detail}`))).toEqual(
    new Set([`skipped after "${first!.name}" failed`]),
  );
});

test('the parts are made of what the schema gives, with its defaults', async () => {
  const architectureSchema = z.strictObject({ size: z.int().default(3) });
  const sizes: unknown[] = [];
  const { name, summary, createTeacher } = tinyBackbone();
  const backbone: Backbone<{ size: number }> = {
    name,
    summary,
    createTeacher,
    architectureSchema,
    createNetwork: ({ size }) => {
      sizes.push(size);
      return tinyBackbone().createNetwork({});
    },
  };
  const results = await checkBackbone(backbone, {}, { rng: options.rng });
  expect(results.filter(({ state }) => state === 'failed')).toEqual([]);
  expect(new Set(sizes)).toEqual(new Set([3]));
});

const cycle = new Error('round and round');
cycle.cause = cycle;

test.each<[string, unknown, string]>([
  ['null', null, 'It throws null, which is no error.'],
  ['an object', Object.create(null), 'It throws [Object: null prototype] {}, which is no error.'],
  ['a sentence', 'No.', 'No.'],
  ['an error without a message', new TypeError(), 'TypeError without a message.'],
  ['an error that is its own cause', cycle, 'round and round'],
])('whatever is thrown is a result: %s', async (_what, thrown, detail) => {
  const createTeacher = (): never => {
    throw thrown;
  };
  const results = await checkBackbone({ ...tinyBackbone(), createTeacher }, {}, options);
  expect(results.find(({ state }) => state === 'failed')?.detail).toBe(detail);
});

test('parts with different conditions do not fit together', async () => {
  const { createNetwork } = tinyBackbone(undefined, classCondition(2));
  const results = await checkBackbone({ ...tinyBackbone(), createNetwork }, {}, options);
  const { detail } = results.find(({ state }) => state === 'failed')!;
  expect(detail).toBe('The teacher declares another condition than the network.');
});

describe('the declarations of a plugin', () => {
  const preset = tinyPlugin.presets!['tiny']!;
  const problems = async (change: object): Promise<string[]> => {
    const { rng } = options;
    const results = await checkPlugin({ ...tinyPlugin, ...change }, { rng });
    return results
      .filter(({ state }) => state === 'failed')
      .map(({ subject, name, detail }) => `${subject}, ${name}: ${detail}`);
  };
  const withPreset = (change: object) => problems({ presets: { tiny: { ...preset, ...change } } });

  test('pass as they are, and with parts of other plugins', async () => {
    expect(await problems({})).toEqual([]);
    expect(
      await problems({
        backbones: [{ ...tinyBackbone(), smallArchitecture: {} }],
        presets: {
          other: {
            ...preset,
            backbone: 'elsewhere',
            architecture: { size: 1 },
            methods: { 'of-another-plugin': {} },
          },
        },
      }),
    ).toEqual([]);
  });

  test.each<[string, object, RegExp]>([
    ['contract', { contractVersion: 1 }, /version of the contract: .* 1 instead of 2/],
    ['name', { name: 'Tiny!' }, /names: The name "Tiny!" must be lower-case/],
    [
      'twice',
      { backbones: [tinyBackbone(), tinyBackbone()] },
      /Two backbones have the name "tiny"/,
    ],
  ])('fail with another %s', async (_, change, sentence) => {
    const [problem, ...more] = await problems(change);
    expect(problem).toMatch(sentence);
    expect(more).toEqual([]);
  });

  test.each<[object, RegExp]>([
    [{ architecture: { size: 1 } }, /^preset "tiny", .*: architectureSchema refuses/],
    [{ weights: { teacher: 'teacher.safetensors' } }, /path of its teacher is not absolute/],
    [{ weights: { teacher: '/no/such/file' } }, /Its teacher is missing: there is no file "\/no/],
    [{ training: {} }, /names no data set/],
    [{ adaptation: { sequences: 0 } }, /settings of the adaptation are refused/],
  ])('fail with a preset with %j', async (change, sentence) => {
    expect((await withPreset(change))[0]).toMatch(sentence);
  });
});
