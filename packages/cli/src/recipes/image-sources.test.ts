import {
  DiscreteScoreTeacher,
  GuidanceNetwork,
  ImageTokenizer,
  NonFiniteError,
  truncatedLogProbs,
  type Rng,
  type TeacherSampler,
} from '@ar-distill/core';
import { createEngine } from '@ar-distill/engine';
import { float32, type HostTensors, type Parameters } from '@ar-distill/nn';
import { createRng } from '@ar-distill/runs';
import * as tf from '@tensorflow/tfjs';
import {
  arDiffusionSource,
  compileDecoder,
  oneStepSource,
  refinedSource,
  teacherSource,
  type Decoder,
  type ImageSource,
} from './image-sources';

const LAYOUT = { channels: 2, stepLengths: [1, 2] };
const [LENGTH, CODES, BATCH] = [3, 4, 2];
const engine = createEngine({ worker: false, threads: 1 });

beforeAll(() => tf.enableProdMode());
afterAll(() => engine.dispose());

/** The noise itself, times a gain of each position. */
class GainNetwork extends GuidanceNetwork {
  readonly layout = LAYOUT;
  readonly numClasses = 2;
  readonly parameterSpecs = {};
  isHeadParameter = (): boolean => false;
  initializeFromTeacher = (): HostTensors => ({});
  features = (parameters: Parameters, sequence: tf.Tensor): tf.Tensor =>
    tf.zerosLike(sequence).add(parameters['gain']!);
  velocity = (_: Parameters, features: tf.Tensor, xT: tf.Tensor): tf.Tensor => xT.mul(features);
}

/** The same logits after every prefix, from a table [n, V]. */
class TableTeacher extends DiscreteScoreTeacher {
  readonly layout = LAYOUT;
  readonly numClasses = 2;
  readonly codeScale = 1;
  readonly parameterSpecs = {};
  scaledCodebook = (parameters: Parameters): tf.Tensor => parameters['codebook']!;
  logProbs = (parameters: Parameters, sequence: tf.Tensor): tf.Tensor =>
    truncatedLogProbs(tf.zeros([sequence.shape[0]!, 1, 1]).add(parameters['logits']!), { topK: 2 });
  createSampler = async (): Promise<TeacherSampler> => ({
    batchSize: BATCH,
    evaluations: 2,
    // A sampler that checks nothing itself.
    sample: async () => ({ sequence: sequenceWith(4, Infinity) }),
    dispose: async () => undefined,
  });
}

/** One row of pixels: the sequence's values, times a gain of each pixel. */
class GainTokenizer extends ImageTokenizer {
  readonly layout = LAYOUT;
  readonly imageShape = [1, LENGTH, 2] as const;
  readonly vocabSize = CODES;
  readonly parameterSpecs = {};
  codebook = (parameters: Parameters): tf.Tensor => parameters['codebook']!;
  encode = (_: Parameters, images: tf.Tensor): tf.Tensor => images.toInt();
  decode = (parameters: Parameters, codes: tf.Tensor): tf.Tensor =>
    codes.mul(parameters['pixelGain']!).reshape([-1, 1, LENGTH, 2]);
}

const all = (shape: number[], value: number, ...changes: [number, number][]) => {
  const data = new Float32Array(shape.reduce((a, b) => a * b)).fill(value);
  for (const [index, changed] of changes) data[index] = changed;
  return float32(shape, data);
};
/** A sequence [2, 3, 2] of one half and one other value. */
const sequenceWith = (index: number, value: number) => all([BATCH, LENGTH, 2], 0.5, [index, value]);

const codebook = float32([CODES, 2], Float32Array.of(0, 0, 0.25, 0, 0, 0.5, 1, 1));
const gain = (...changes: [number, number][]): HostTensors => ({
  gain: all([LENGTH, 1], 0.5, ...changes),
});
const logits = (...changes: [number, number][]): HostTensors => ({
  codebook,
  logits: all([LENGTH, CODES], 1, ...changes),
});
const decoder = (snap: boolean, ...changes: [number, number][]): Decoder => ({
  tokenizer: new GainTokenizer(),
  weights: { codebook, pixelGain: all([LENGTH, 2], 1, ...changes) },
  codeScale: 1,
  snap,
});
const network = new GainNetwork();
const teacher = new TableTeacher();

const failureOf = (call: Promise<unknown>): Promise<unknown> =>
  call.then(
    () => 'no failure',
    (error: unknown) => error,
  );

async function draw(opening: Promise<ImageSource>, rng: Rng = createRng(3)): Promise<Float32Array> {
  const source = await opening;
  try {
    return await source.draw(Int32Array.of(0, 1), rng, 40);
  } finally {
    await source.dispose();
  }
}

/** Noise that is NaN in one value of the second sample, the sixth channel of all. */
const brokenRng: Rng = {
  ...createRng(3),
  seed: 3,
  uniform: (stream, index, count) => createRng(3).uniform(stream, index, count),
  integers: (stream, index, count, bound) => createRng(3).integers(stream, index, count, bound),
  normal: (stream, index, count) => {
    const values = createRng(3).normal(stream, index, count);
    if (index === 41) values[5] = NaN;
    return values;
  },
};

const GENERATED = 'The one-step generator became';
const cases: [string, () => Promise<unknown>, string][] = [
  [
    'weights of the generator, snapped to codes',
    () => draw(oneStepSource(engine, { network, weights: gain([1, NaN]) }, decoder(true), BATCH)),
    `${GENERATED} NaN at AR step 1 (position 1, channel 0) of sample 40`,
  ],
  [
    'an infinite weight of the generator',
    () =>
      draw(oneStepSource(engine, { network, weights: gain([2, Infinity]) }, decoder(true), BATCH)),
    'Infinity at AR step 1 (position 2, channel',
  ],
  [
    'noise of one sample',
    () =>
      draw(oneStepSource(engine, { network, weights: gain() }, decoder(true), BATCH), brokenRng),
    `${GENERATED} NaN at AR step 1 (position 2, channel 1) of sample 41`,
  ],
  [
    'the generator before the teacher draws everything again',
    () =>
      draw(
        refinedSource(
          engine,
          { network, weights: gain([0, NaN]) },
          { teacher, weights: logits(), steps: 2 },
          decoder(false),
          BATCH,
        ),
      ),
    `${GENERATED} NaN at AR step 0 (position 0, channel 0) of sample 40`,
  ],
  [
    'the teacher that draws AR steps again',
    () =>
      draw(
        refinedSource(
          engine,
          { network, weights: gain() },
          { teacher, weights: logits([2 * CODES + 1, NaN]), steps: 1 },
          decoder(false),
          BATCH,
        ),
      ),
    "The teacher's next-token distribution became NaN at AR step 1 (position 2) of sample 40",
  ],
  [
    'the decoder of a generator, before its infinity is clipped',
    () =>
      draw(
        oneStepSource(engine, { network, weights: gain() }, decoder(true, [3, -Infinity]), BATCH),
      ),
    'at pixel (0, 1), channel 1, of sample 40',
  ],
  [
    'noise of the AR-diffusion model',
    () =>
      draw(
        arDiffusionSource(engine, { network, weights: gain() }, decoder(true), BATCH, 2),
        brokenRng,
      ),
    'The AR-diffusion model became NaN at AR step 1 (position 2, channel 1) of sample 41',
  ],
  [
    "a teacher's sampler that lets an infinity through, snapped to codes",
    () => draw(teacherSource(engine, teacher, {}, decoder(true), BATCH)),
    'The sequence to decode became Infinity at AR step 1 (position 2, channel 0) of sample 40',
  ],
  [
    'a sequence to decode',
    async () => {
      const decode = await compileDecoder(engine, decoder(true), BATCH);
      const { data } = sequenceWith(7, NaN);
      return decode.images(data as Float32Array).finally(() => decode.dispose());
    },
    'The sequence to decode became NaN at AR step 0 (position 0, channel 1) of sample 1',
  ],
];

test.each(cases)('says where a value is not finite: %s', async (_, run, message) => {
  const failure = await failureOf(run());
  expect(failure).toBeInstanceOf(NonFiniteError);
  expect((failure as Error).message).toContain(message);
});

test('the teacher is not asked about AR steps that it leaves alone', async () => {
  const opening = refinedSource(
    engine,
    { network, weights: gain() },
    // Logits of position 0, which is in AR step 0.
    { teacher, weights: logits([1, NaN]), steps: 1 },
    decoder(false),
    BATCH,
  );
  expect((await draw(opening)).every(Number.isFinite)).toBe(true);
});

test('images are clipped to [−1, 1]', async () => {
  const decode = await compileDecoder(engine, decoder(false), BATCH);
  const given = Float32Array.of(-3, -1, -0.5, -0, 0.25, 1, 1.5, 7, 0, 0.5, -1.25, 1);
  const images = await decode.images(given);
  await decode.dispose();
  expect([...images]).toEqual([-1, -1, -0.5, -0, 0.25, 1, 1, 1, 0, 0.5, -1, 1]);
});
