import {
  compileArDiffusion,
  NonFiniteError,
  sequenceLength,
  stepOfPosition,
  truncatedLogProbs,
  type GuidanceNetwork,
  type GuidedTeacher,
  type TeacherSampler,
  type TeacherSamples,
} from '@ar-distill/core';
import { createEngine } from '@ar-distill/engine';
import {
  categoricalMass,
  elementCount,
  float32,
  sampleCategorical,
  type HostTensors,
  type ParameterSpecs,
} from '@ar-distill/nn';
import {
  LlamagenNetwork,
  LlamagenTeacher,
  llamagenArchitectureSchema,
} from '@ar-distill/plugin-llamagen';
import { VarNetwork, VarTeacher, varArchitectureSchema } from '@ar-distill/plugin-var';
import * as tf from '@tensorflow/tfjs';
import { hashRng } from './hash-rng';

const rng = hashRng(11);
const engines = {
  compiled: createEngine({ worker: false, threads: 1 }),
  eager: createEngine({ backend: 'cpu' }),
};
type EngineName = keyof typeof engines;
const names: EngineName[] = ['compiled', 'eager'];

beforeAll(async () => {
  tf.enableProdMode();
  await tf.setBackend('cpu');
});
afterAll(() => Promise.all(Object.values(engines).map((engine) => engine.dispose())));

describe.each(names)('distributions, %s', (name) => {
  const V = 11;

  /** Log-probabilities, masses and draws of rows of logits. */
  async function distributions(rows: readonly number[][], truncation: object) {
    const step = await engines[name].compile({
      name: 'distributions',
      inputs: { logits: { shape: [rows.length, V], dtype: 'float32' } },
      fn: ({ inputs }) => {
        const logProbs = truncatedLogProbs(inputs['logits']!, truncation);
        const tokens = sampleCategorical(logProbs, tf.fill([rows.length], 0.999));
        return { outputs: { logProbs, tokens, mass: categoricalMass(logProbs) } };
      },
    });
    const outputs = await step.run({
      logits: float32([rows.length, V], Float32Array.from(rows.flat())),
    });
    await step.dispose();
    const { logProbs, tokens, mass } = outputs;
    const row = (i: number): number[] => Array.from(logProbs!.data.slice(i * V, (i + 1) * V));
    return { row, tokens: tokens!.data, mass: mass!.data };
  }

  const good = Array.from({ length: V }, (_, i) => Math.sin(3 * i));
  const withValue = (index: number, value: number): number[] => good.with(index, value);

  it.each([
    ['nothing', {}],
    ['top-k', { topK: 4 }],
    ['top-k of one', { topK: 1 }],
    ['top-p', { topP: 0.8 }],
    ['both', { topK: 6, topP: 0.7, temperature: 1.3 }],
  ])('do not hide a logit that is not finite behind %s', async (_, truncation) => {
    for (const value of [NaN, Infinity]) {
      const broken = good.map((__, index) => withValue(index, value));
      const rows = [good, ...broken, new Array<number>(V).fill(value), good];
      const { row, tokens, mass } = await distributions(rows, truncation);
      for (let i = 1; i < rows.length - 1; i++) {
        expect(row(i)).toEqual(new Array(V).fill(NaN));
        expect(mass[i]).toBeNaN();
      }
      // Rows beside them are what they are alone, and every draw is a token.
      const alone = await distributions([good], truncation);
      expect([row(0), row(rows.length - 1)]).toEqual([alone.row(0), alone.row(0)]);
      expect([mass[0], tokens[0]]).toEqual([alone.mass[0], alone.tokens[0]]);
      expect(mass[0]).toBeCloseTo(1, 5);
      expect(tokens.every((token) => token >= 0 && token < V)).toBe(true);
    }
  });

  it('rule codes out by −∞, but not all of them', async () => {
    const masked = good.map((logit, i) => (i % 2 === 0 ? -Infinity : logit));
    for (const truncation of [{}, { topK: 3 }, { topK: 9 }, { topP: 0.9 }]) {
      const rows = [masked, new Array<number>(V).fill(-Infinity)];
      const { row, tokens, mass } = await distributions(rows, truncation);
      const probabilities = row(0).map(Math.exp);
      expect(probabilities.filter((__, i) => i % 2 === 0)).toEqual(new Array(6).fill(0));
      expect(probabilities.reduce((sum, p) => sum + p)).toBeCloseTo(1, 5);
      expect(tokens[0]! % 2).toBe(1);
      expect(mass[1]).toBeNaN();
    }
  });
});

const sizes = { vocabSize: 9, channels: 4, numClasses: 3, width: 16, depth: 2, heads: 2 };
const tokenizer = { baseChannels: 4, channelMultipliers: [1], groups: 2, imageSize: 3 };
const llamagen = llamagenArchitectureSchema.parse({
  ...sizes,
  gridSize: 3,
  multipleOf: 8,
  codeScale: 2,
  tokenizer,
});
const varArchitecture = varArchitectureSchema.parse({ ...sizes, patchNums: [1, 2, 3], tokenizer });

function randomWeights(specs: ParameterSpecs): HostTensors {
  return Object.fromEntries(
    Object.entries(specs).map(([name, { shape }]) => [
      name,
      float32(
        shape,
        rng.normal(name, 0, elementCount(shape)).map((x) => 0.3 * x),
      ),
    ]),
  );
}

/** The weights with one value changed. */
function broken(weights: HostTensors, name: string, index: number, value = NaN): HostTensors {
  const { shape, data } = weights[name]!;
  const changed = Float32Array.from(data);
  changed[index] = value;
  return { ...weights, [name]: float32(shape, changed) };
}

const failureOf = (call: Promise<unknown>): Promise<unknown> =>
  call.then(
    () => 'no failure',
    (error: unknown) => error,
  );

const plain = { guidanceScale: 0, topK: 0, topP: 1, temperature: 1 };
const truncated = { guidanceScale: 2, topK: 5, topP: 0.9, temperature: 1 };
const teachers: [string, GuidedTeacher, string][] = [
  ['LlamaGen', new LlamagenTeacher(llamagen, plain), 'cls_embedding.embedding_table.weight'],
  [
    'LlamaGen, truncated',
    new LlamagenTeacher(llamagen, truncated),
    'cls_embedding.embedding_table.weight',
  ],
  ['VAR', new VarTeacher(varArchitecture, plain), 'class_emb.weight'],
  ['VAR, truncated', new VarTeacher(varArchitecture, truncated), 'class_emb.weight'],
];
const cases = teachers.flatMap((teacher) => names.map((name) => [...teacher, name] as const));

describe.each(cases)('the sampler of %s', (label, teacher, table, name) => {
  const family = label.split(',')[0]!;
  const weights = randomWeights(teacher.parameterSpecs);
  const GOOD = Int32Array.of(0, 1, 0);
  const BAD = Int32Array.of(0, 2, 1);

  const samplerOf = (own: HostTensors): Promise<TeacherSampler> =>
    teacher.createSampler(engines[name], own, GOOD.length);

  async function drawOnce(own: HostTensors): Promise<TeacherSamples> {
    const sampler = await samplerOf(own);
    const samples = await sampler.sample(GOOD, rng, 20);
    await sampler.dispose();
    return samples;
  }

  it(`says where a class that became NaN shows, and forgets it (${name})`, async () => {
    // The embedding of class 2 alone: other labels have nothing to do with it.
    const own = broken(weights, table, 2 * sizes.width);
    const sampler = await samplerOf(own);
    const before = await sampler.sample(GOOD, rng, 3);
    const failure = await failureOf(sampler.sample(BAD, rng, 7));
    expect(failure).toBeInstanceOf(NonFiniteError);
    expect((failure as NonFiniteError).message).toBe(
      `The ${family} teacher's next-token distribution became NaN at AR step 0 (position 0) of ` +
        'sample 8: look for values that are not finite in its weights and inputs, or take weights ' +
        'from before they diverged.',
    );
    const after = await sampler.sample(GOOD, rng, 20);
    const again = await sampler.sample(GOOD, rng, 3);
    await sampler.dispose();
    expect(after).toEqual(await drawOnce(weights));
    expect(again).toEqual(before);
  });

  it(`says which code is not finite (${name})`, async () => {
    const samples = await drawOnce(weights);
    const token = samples.tokens!.data.at(-1)!;
    const codebook = Object.keys(weights).find((key) => /codebook|quantize.*embedding/.test(key))!;
    const own = broken(weights, codebook, token * sizes.channels + 1, Infinity);
    const failure = await failureOf(drawOnce(own));
    expect(failure).toBeInstanceOf(NonFiniteError);
    expect((failure as NonFiniteError).sample).toBeGreaterThanOrEqual(20);
  });
});

describe.each(names)('a scale of VAR that breaks alone, %s', (name) => {
  it('is named', async () => {
    const teacher = new VarTeacher(varArchitecture, truncated);
    const position = 6;
    const own = broken(randomWeights(teacher.parameterSpecs), 'pos_1LC', position * sizes.width);
    const sampler = await teacher.createSampler(engines[name], own, 2);
    const failure = (await failureOf(
      sampler.sample(Int32Array.of(0, 1), rng, 4),
    )) as NonFiniteError;
    await sampler.dispose();
    const step = stepOfPosition(teacher.layout)[position]!;
    expect(failure.message).toContain(`at AR step ${step} (position`);
    expect([failure.sample, failure.value]).toEqual([4, NaN]);
  });
});

const networks: [string, GuidanceNetwork][] = [
  ['one program for each AR step', new LlamagenNetwork(llamagen)],
  ['AR steps of several lengths', new VarNetwork(varArchitecture)],
];
const networkCases = networks.flatMap((network) =>
  names.map((name) => [...network, name] as const),
);

test.each(networkCases)(
  'the AR-diffusion model says where noise made it NaN, and forgets it: %s, %#',
  async (_, network, name) => {
    const batchSize = 3;
    const length = sequenceLength(network.layout);
    const shape = [batchSize, length, sizes.channels];
    const program = {
      network,
      weights: randomWeights(network.parameterSpecs),
      batchSize,
      solverSteps: 3,
    };
    const noise = (index: number) =>
      float32(shape, rng.normal('noise', index, elementCount(shape)));
    const labels = Int32Array.of(0, 1, 2);
    const sampler = await compileArDiffusion(program, engines[name]);
    const [row, position, channel] = [1, 4, 2];
    const bad = Float32Array.from(noise(1).data);
    bad[(row * length + position) * sizes.channels + channel] = NaN;
    const failure = await failureOf(sampler.sample(float32(shape, bad), labels, 30));
    const after = await sampler.sample(noise(2), labels);
    await sampler.dispose();

    expect(failure).toBeInstanceOf(NonFiniteError);
    const step = stepOfPosition(network.layout)[position]!;
    expect((failure as NonFiniteError).sample).toBe(30 + row);
    expect((failure as NonFiniteError).message).toContain(
      `The AR-diffusion model became NaN at AR step ${step} (position ${position}, channel`,
    );
    const fresh = await compileArDiffusion(program, engines[name]);
    expect(after).toEqual(await fresh.sample(noise(2), labels));
    await fresh.dispose();
  },
);
