import { defaultSampler, type GuidedTeacher } from '@ar-distill/backbone-kit';
import {
  type ImageTokenizer,
  ofClasses,
  type SampledSequences,
  sequenceLength,
  type SequenceSampler,
  stepOfPosition,
  type VelocityNetwork,
} from '@ar-distill/core';
import { truncatedLogProbs } from '@ar-distill/core/math';
import {
  compileArDiffusion,
  compileWatchedTeacher,
  NonFiniteError,
} from '@ar-distill/core/sampling';
import { createEngine } from '@ar-distill/engine';
import { type ParameterSpecs, sampleCategorical, sampleCodes, toTensors } from '@ar-distill/nn';
import {
  llamagenArchitectureSchema,
  LlamagenNetwork,
  LlamagenTeacher,
  LlamagenTokenizer,
} from '@ar-distill/plugin-llamagen';
import {
  varArchitectureSchema,
  VarNetwork,
  VarTeacher,
  VarTokenizer,
} from '@ar-distill/plugin-var';
import { elementCount, float32, type HostTensors, type Rng } from '@ar-distill/program';
import * as tf from '@tensorflow/tfjs';
import { hashRng } from './hash-rng';
import { TinyTeacher } from './tiny-plugin';

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
  const CODES = Float32Array.from({ length: 2 * V }, (_, i) => Math.cos(i));

  /** Log-probabilities, tokens and codes of rows of logits. */
  async function distributions(rows: readonly number[][], truncation: object) {
    const step = await engines[name].compile({
      name: 'distributions',
      inputs: {
        logits: { shape: [rows.length, V], dtype: 'float32' },
        codebook: { shape: [V, 2], dtype: 'float32' },
      },
      fn: ({ inputs }) => {
        const logProbs = truncatedLogProbs(inputs['logits']!, truncation);
        const uniforms = tf.fill([rows.length], 0.999);
        const alone = sampleCategorical(logProbs, uniforms);
        return {
          outputs: { logProbs, alone, ...sampleCodes(inputs['codebook']!, logProbs, uniforms) },
        };
      },
    });
    const outputs = await step.run({
      logits: float32([rows.length, V], Float32Array.from(rows.flat())),
      codebook: float32([V, 2], CODES),
    });
    await step.dispose();
    const { logProbs, alone, tokens, codes } = outputs;
    const row = (i: number): number[] => Array.from(logProbs!.data.slice(i * V, (i + 1) * V));
    const code = (i: number): number[] => Array.from(codes!.data.slice(2 * i, 2 * i + 2));
    expect(tokens).toEqual(alone);
    return { row, code, tokens: tokens!.data };
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
      const { row, code, tokens } = await distributions(rows, truncation);
      for (let i = 1; i < rows.length - 1; i++) {
        expect(row(i)).toEqual(new Array(V).fill(NaN));
        expect(code(i)).toEqual([NaN, NaN]);
      }
      // Rows beside them are what they are alone, and every draw is a token.
      const alone = await distributions([good], truncation);
      for (const i of [0, rows.length - 1]) {
        expect([row(i), code(i), tokens[i]]).toEqual([
          alone.row(0),
          alone.code(0),
          alone.tokens[0],
        ]);
        expect(code(i)).toEqual([...CODES.subarray(2 * tokens[i]!, 2 * tokens[i]! + 2)]);
      }
      expect(tokens.every((token) => token >= 0 && token < V)).toBe(true);
    }
  });

  it('rule codes out by −∞, but not all of them', async () => {
    const masked = good.map((logit, i) => (i % 2 === 0 ? -Infinity : logit));
    for (const truncation of [{}, { topK: 3 }, { topK: 9 }, { topP: 0.9 }]) {
      const rows = [masked, new Array<number>(V).fill(-Infinity)];
      const { row, code, tokens } = await distributions(rows, truncation);
      const probabilities = row(0).map(Math.exp);
      expect(probabilities.filter((__, i) => i % 2 === 0)).toEqual(new Array(6).fill(0));
      expect(probabilities.reduce((sum, p) => sum + p)).toBeCloseTo(1, 5);
      expect(tokens[0]! % 2).toBe(1);
      expect(code(0).every(Number.isFinite)).toBe(true);
      expect(code(1)).toEqual([NaN, NaN]);
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

type Opening = (
  engine: EngineName,
  weights: HostTensors,
  batch: number,
) => Promise<SequenceSampler>;
const cached =
  (teacher: GuidedTeacher): Opening =>
  (engine, weights, batch) =>
    teacher.createSampler(engines[engine], weights, batch);
/** The sampler of teachers that keep no cache. */
const uncached =
  (teacher: GuidedTeacher): Opening =>
  (engine, weights, batch) =>
    defaultSampler(teacher, engines[engine], weights, batch);

const families: [string, (sampling: typeof plain) => GuidedTeacher, string][] = [
  [
    'LlamaGen',
    (sampling) => new LlamagenTeacher(llamagen, sampling),
    'cls_embedding.embedding_table.weight',
  ],
  ['VAR', (sampling) => new VarTeacher(varArchitecture, sampling), 'class_emb.weight'],
];
const cases = families.flatMap(([family, create, table]) =>
  [plain, truncated].flatMap((sampling) => {
    const teacher = create(sampling);
    return names.flatMap((name) => [
      { sampler: `${family} teacher`, open: cached(teacher), teacher, table, name, sampling },
      { sampler: 'AR teacher', open: uncached(teacher), teacher, table, name, sampling },
    ]);
  }),
);

describe.each(cases)('$sampler on $table, $sampling, $name', (own) => {
  const { sampler: subject, open, teacher, table, name } = own;
  const weights = randomWeights(teacher.parameterSpecs);
  const GOOD = ofClasses(Int32Array.of(0, 1, 0));
  const BAD = ofClasses(Int32Array.of(0, 2, 1));

  async function drawOnce(given: HostTensors): Promise<SampledSequences> {
    const sampler = await open(name, given, 3);
    const samples = await sampler.sample(GOOD, rng, 20);
    await sampler.dispose();
    return samples;
  }

  it('says where a class that became NaN shows, and forgets it', async () => {
    // The embedding of class 2 alone: other labels have nothing to do with it.
    const sampler = await open(name, broken(weights, table, 2 * sizes.width), 3);
    const before = await sampler.sample(GOOD, rng, 3);
    const failure = await failureOf(sampler.sample(BAD, rng, 7));
    expect(failure).toBeInstanceOf(NonFiniteError);
    expect((failure as NonFiniteError).message).toBe(
      `The ${subject} became NaN at AR step 0 (position 0, channel 0) of sample 8: look for values ` +
        'that are not finite in its weights and inputs, or take weights from before they diverged.',
    );
    const after = await sampler.sample(GOOD, rng, 20);
    const again = await sampler.sample(GOOD, rng, 3);
    await sampler.dispose();
    expect(after).toEqual(await drawOnce(weights));
    expect(again).toEqual(before);
  });

  it('says which code is not finite', async () => {
    const samples = await drawOnce(weights);
    const token = samples.tokens!.data.at(-1)!;
    const codebook = Object.keys(weights).find((key) => /codebook|quantize.*embedding/.test(key))!;
    const given = broken(weights, codebook, token * sizes.channels + 1, Infinity);
    const failure = await failureOf(drawOnce(given));
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
    const labels = ofClasses(Int32Array.of(0, 1));
    const failure = (await failureOf(sampler.sample(labels, rng, 4))) as NonFiniteError;
    await sampler.dispose();
    const step = stepOfPosition(teacher.layout)[position]!;
    expect(failure.message).toContain(`at AR step ${step} (position`);
    expect([failure.sample, failure.value]).toEqual([4, NaN]);
  });
});

test.each(names)('a teacher that is watched shows no step that is not finite, %s', async (name) => {
  // Its positions have nothing to do with each other but for the codes of earlier AR steps.
  const teacher = new TinyTeacher(plain);
  const position = 4;
  const specs = teacher.parameterSpecs;
  const [, width = 0] = specs['position.weight'].shape;
  const weights = broken(randomWeights(specs), 'position.weight', position * width);
  const watched = await compileWatchedTeacher({ teacher, weights, batchSize: 2 }, engines[name]);
  const shown: number[] = [];
  const labels = ofClasses(Int32Array.of(0, 1));
  const failure = await failureOf(
    watched.sample(labels, rng, 4, ({ step }) => void shown.push(step)),
  );
  await watched.dispose();
  expect(failure).toBeInstanceOf(NonFiniteError);
  const broke = stepOfPosition(teacher.layout)[position]!;
  expect((failure as Error).message).toContain(
    `The watched AR teacher became NaN at AR step ${broke} (position ${position}, channel 0) of sample 4`,
  );
  // Steps that are shown count from 1.
  expect(shown).toEqual(Array.from({ length: broke }, (_, i) => i + 1));
});

const networks: [string, VelocityNetwork][] = [
  ['one program for each AR step', new LlamagenNetwork(llamagen)],
  ['AR steps of several lengths', new VarNetwork(varArchitecture)],
];
const networkCases = networks.flatMap((network) =>
  names.map((name) => [...network, name] as const),
);

test.each(networkCases)(
  'the AR-diffusion model says where noise made it NaN, and forgets it: %s, %#',
  async (_, network, name) => {
    const program = {
      network,
      weights: randomWeights(network.parameterSpecs),
      batchSize: 3,
      solverSteps: 3,
    };
    const labels = ofClasses(Int32Array.of(0, 1, 2));
    const [row, position, channel] = [1, 4, 2];
    const badRng: Rng = {
      ...rng,
      normal: (stream, index, count) => {
        const values = rng.normal(stream, index, count);
        if (index === 30 + row) values[position * sizes.channels + channel] = NaN;
        return values;
      },
    };
    const sampler = await compileArDiffusion(program, engines[name]);
    const failure = await failureOf(sampler.sample(labels, badRng, 30));
    const after = await sampler.sample(labels, rng, 60);
    await sampler.dispose();

    expect(failure).toBeInstanceOf(NonFiniteError);
    const step = stepOfPosition(network.layout)[position]!;
    expect(sequenceLength(network.layout)).toBeGreaterThan(position);
    expect((failure as NonFiniteError).sample).toBe(30 + row);
    expect((failure as NonFiniteError).message).toContain(
      `The AR-diffusion model became NaN at AR step ${step} (position ${position}, channel`,
    );
    const fresh = await compileArDiffusion(program, engines[name]);
    expect(after).toEqual(await fresh.sample(labels, rng, 60));
    await fresh.dispose();
  },
);

const tokenizers: [string, ImageTokenizer][] = [
  ['VAR', new VarTokenizer(varArchitecture)],
  ['LlamaGen', new LlamagenTokenizer(llamagen)],
];

test.each(tokenizers)('the decoder of %s makes no colour of an infinity', (_, decoder) => {
  const { layout, imageShape, parameterSpecs } = decoder;
  const weights = broken(randomWeights(parameterSpecs), 'decoder.conv_out.bias', 0, Infinity);
  const shape = [1, sequenceLength(layout), layout.channels];
  const images = tf.tidy(() =>
    decoder.decode(toTensors(weights), tf.ones(shape)).dataSync<'float32'>().slice(),
  );
  // The bias of the first channel.
  const first = images.filter((__, i) => i % imageShape[2] === 0);
  expect([...first]).toEqual(new Array(imageShape[0] * imageShape[1]).fill(Infinity));
});
