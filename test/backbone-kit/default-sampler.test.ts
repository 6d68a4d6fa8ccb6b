import { defaultSampler, type GuidedTeacher } from '@ar-distill/backbone-kit';
import {
  type ConditionalScoreTeacher,
  guidanceOf,
  ofClasses,
  PLAIN_SAMPLING,
  sequenceLength,
  type TeacherSamplingOptions,
} from '@ar-distill/core';
import { compileWatchedTeacher } from '@ar-distill/core/sampling';
import { createEngine } from '@ar-distill/engine';
import { llamagenArchitectureSchema, LlamagenTeacher } from '@ar-distill/plugin-llamagen';
import {
  JointDistribution,
  TabularTeacher,
  THREE_TOKEN_JOINT,
  toyArchitectureSchema,
} from '@ar-distill/plugin-toy';
import { varArchitectureSchema, VarTeacher } from '@ar-distill/plugin-var';
import { createRng, elementCount, float32, type HostTensors } from '@ar-distill/program';
import * as tf from '@tensorflow/tfjs';

const rng = createRng(4);
const engine = createEngine({ worker: false, threads: 1 });
const BATCH = 6;
const LABELS = Int32Array.of(0, 1, 2, 2, 1, 0);

beforeAll(() => tf.enableProdMode());
afterAll(() => engine.dispose());

const sizes = { channels: 4, numClasses: 3, width: 16, depth: 2, heads: 2, codeScale: 1.5 };
const tokenizer = { baseChannels: 4, channelMultipliers: [1], groups: 2 };
const nextScale = varArchitectureSchema.parse({
  ...sizes,
  vocabSize: 24,
  patchNums: [1, 2, 3],
  tokenizer: { ...tokenizer, imageSize: 3 },
});
const raster = {
  ...sizes,
  vocabSize: 24,
  gridSize: 3,
  multipleOf: 8,
  tokenizer: { ...tokenizer, imageSize: 3 },
};

type Make = (sampling: TeacherSamplingOptions) => GuidedTeacher;
const families: [string, Make][] = [
  ['VAR', (sampling) => new VarTeacher(nextScale, sampling)],
  ...[
    { inputEmbedding: 'table', guidanceInterval: 2 },
    { inputEmbedding: 'mlp', keyValueHeads: 1 },
  ].map((options): [string, Make] => {
    const architecture = llamagenArchitectureSchema.parse({ ...raster, ...options });
    const name = `LlamaGen with ${options.inputEmbedding}`;
    return [name, (sampling) => new LlamagenTeacher(architecture, sampling)];
  }),
];
const samplings: [string, TeacherSamplingOptions][] = [
  ['plain', PLAIN_SAMPLING],
  ['guided', { ...PLAIN_SAMPLING, guidanceScale: 2.5 }],
  ['truncated', { guidanceScale: 0, topK: 9, topP: 0.8, temperature: 1.3 }],
  ['guided and truncated', { guidanceScale: 2, topK: 12, topP: 0.9, temperature: 0.9 }],
];
const cases = samplings.flatMap(([how, sampling]) =>
  families.map(([name, make]): [string, GuidedTeacher] => [`${name}, ${how}`, make(sampling)]),
);

/** Large enough for probabilities to differ: a fresh classifier is zero. */
function randomWeights({ parameterSpecs }: GuidedTeacher): HostTensors {
  return Object.fromEntries(
    Object.entries(parameterSpecs).map(([name, { shape }]) => [
      name,
      float32(
        shape,
        rng.normal(name, 0, elementCount(shape)).map((x) => 0.4 * x),
      ),
    ]),
  );
}

test.each(cases)('draws the tokens of the sampler with the cache: %s', async (_, teacher) => {
  const weights = randomWeights(teacher);
  const cached = await teacher.createSampler(engine, weights, BATCH);
  const plain = await defaultSampler(teacher, engine, weights, BATCH);
  const seen = new Set<number>();
  // The second batch must not see what the first one left behind.
  for (const first of [0, 100]) {
    const expected = await cached.sample(ofClasses(LABELS), rng, first);
    const drawn = await plain.sample(ofClasses(LABELS), rng, first);
    expect(drawn.tokens).toEqual(expected.tokens);
    expect(drawn.sequence.shape).toEqual(expected.sequence.shape);
    drawn.sequence.data.forEach((value, i) =>
      expect(Math.abs(value - expected.sequence.data[i]!)).toBeLessThan(1e-6),
    );
    for (const token of drawn.tokens!.data) seen.add(token);
  }
  expect(seen.size).toBeGreaterThan(8);
  expect(plain.evaluations).toBe(teacher.layout.stepLengths.length);
  await cached.dispose();
  await plain.dispose();
});

test.each(cases)('a watched teacher draws the same, step by step: %s', async (_, teacher) => {
  const weights = randomWeights(teacher);
  const cached = await teacher.createSampler(engine, weights, BATCH);
  const watched = await compileWatchedTeacher({ teacher, weights, batchSize: BATCH }, engine);
  const { layout } = teacher;
  const { stepLengths, channels } = layout;
  const length = sequenceLength(layout);
  const expected = await cached.sample(ofClasses(LABELS), rng, 7);
  const filled: number[] = [];
  const drawn = await watched.sample(ofClasses(LABELS), rng, 7, ({ step, steps, sequence }) => {
    expect(steps).toBe(stepLengths.length);
    expect(step).toBe(filled.length + 1);
    const rows = Array.from({ length }, (__, i) => i).filter((i) =>
      sequence.data.subarray(i * channels, (i + 1) * channels).some((value) => value !== 0),
    );
    filled.push(rows.length);
  });
  expect(drawn.tokens).toEqual(expected.tokens);
  drawn.sequence.data.forEach((value, i) =>
    expect(Math.abs(value - expected.sequence.data[i]!)).toBeLessThan(1e-6),
  );
  let done = 0;
  expect(filled).toEqual(stepLengths.map((own) => (done += own)));
  await cached.dispose();
  await watched.dispose();
});

test.each(families)(
  'a cache draws each sample with its own guidance scale: %s',
  async (_, make) => {
    const sampling = { guidanceScale: 2, topK: 12, topP: 0.9, temperature: 0.9 };
    const weights = randomWeights(make(sampling));
    const draw = async (teacher: ConditionalScoreTeacher, scales?: number[]): Promise<number[]> => {
      const sampler = await teacher.createSampler(engine, weights, BATCH);
      const guidance = scales ? guidanceOf(Float32Array.from(scales)) : {};
      const { tokens } = await sampler.sample({ ...ofClasses(LABELS), ...guidance }, rng, 0);
      await sampler.dispose();
      return [...tokens!.data];
    };
    const perSample = make(sampling).guidance!.over([1, 6]);
    const scales = [1, 6, 2.5, 1, 6, 2.5];
    const own = await draw(perSample, scales);
    const length = own.length / BATCH;
    const drawn = new Set<string>();
    for (const guidanceScale of [1, 2.5, 6]) {
      const forAll = await draw(make({ ...sampling, guidanceScale }));
      drawn.add(forAll.join());
      for (let i = 0; i < own.length; i++) {
        if (scales[Math.floor(i / length)] === guidanceScale) expect(own[i]).toBe(forAll[i]);
      }
    }
    expect(drawn.size).toBe(3);
    expect(await draw(perSample)).toEqual(await draw(make(sampling)));
  },
);

test('draws sequences as often as they are probable', async () => {
  const architecture = toyArchitectureSchema.parse(THREE_TOKEN_JOINT);
  const teacher = new TabularTeacher(architecture, PLAIN_SAMPLING);
  const batchSize = 4096;
  const sampler = await defaultSampler(teacher, engine, {}, batchSize);
  const counts = new Float64Array(64);
  const batches = 5;
  for (let i = 0; i < batches; i++) {
    const labels = new Int32Array(batchSize);
    const { tokens } = await sampler.sample(ofClasses(labels), rng, i * batchSize);
    for (let row = 0; row < batchSize; row++) {
      const [a = 0, b = 0, c = 0] = tokens!.data.subarray(3 * row, 3 * row + 3);
      counts[16 * a + 4 * b + c]!++;
    }
  }
  await sampler.dispose();
  const total = batches * batchSize;
  THREE_TOKEN_JOINT.joint.forEach((probability, i) => {
    const deviation = Math.sqrt((probability * (1 - probability)) / total);
    expect(Math.abs(counts[i]! / total - probability)).toBeLessThan(4.5 * deviation + 1e-12);
  });
  // Draws that are independent of each other would be 0.61 away.
  const distance = new JointDistribution(4, 3, THREE_TOKEN_JOINT.joint).totalVariation(counts);
  expect(distance).toBeLessThan(0.02);
});
