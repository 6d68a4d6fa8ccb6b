import {
  ArDiffusionGenerator,
  classCondition,
  type Condition,
  DiscreteScoreTeacher,
  ImageTokenizer,
  ofClasses,
  type SequenceSampler,
  VelocityNetwork,
} from '@ar-distill/core';
import { truncatedLogProbs } from '@ar-distill/core/math';
import {
  compileArDiffusion,
  compileOneStep,
  compileRefinement,
  NonFiniteError,
} from '@ar-distill/core/sampling';
import type { Parameters } from '@ar-distill/nn';
import {
  createRng,
  float32,
  type HostTensor,
  type HostTensors,
  type Rng,
  type StepCompiler,
} from '@ar-distill/program';
import * as tf from '@tensorflow/tfjs';
import { compileDecoder, type Decoder } from '../../packages/workflows/src/sample/decoder';
import { drawFrom } from '../../packages/workflows/src/sample/draw-from';
import { imageSampler } from '../../packages/workflows/src/sample/image-sampler';
import { EagerCompiler } from '../core/eager-compiler';

const LAYOUT = { channels: 2, stepLengths: [1, 2] };
const [LENGTH, CODES, BATCH] = [3, 4, 2];
const compiler = new EagerCompiler();

beforeAll(async () => {
  tf.enableProdMode();
  await tf.setBackend('cpu');
});

/** The noise itself, times a gain of each position. */
class GainNetwork extends VelocityNetwork {
  readonly layout = LAYOUT;
  readonly condition = classCondition(2);
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
  readonly condition = classCondition(2);
  readonly codeScale = 1;
  readonly parameterSpecs = {};
  scaledCodebook = (parameters: Parameters): tf.Tensor => parameters['codebook']!;
  logProbs = (parameters: Parameters, sequence: tf.Tensor, _condition: Condition): tf.Tensor =>
    truncatedLogProbs(tf.zeros([sequence.shape[0]!, 1, 1]).add(parameters['logits']!), { topK: 2 });
  createSampler = (): Promise<SequenceSampler> => Promise.resolve(carelessSampler);
}

/** A sampler that checks nothing itself. */
const carelessSampler: SequenceSampler = {
  batchSize: BATCH,
  evaluations: 2,
  sample: () => Promise.resolve({ sequence: sequenceWith(4, Infinity) }),
  dispose: () => Promise.resolve(),
};

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

type Change = readonly [index: number, value: number];

function filled(shape: readonly number[], value: number, changes: readonly Change[]): HostTensor {
  const data = new Float32Array(shape.reduce((a, b) => a * b)).fill(value);
  for (const [index, changed] of changes) data[index] = changed;
  return float32(shape, data);
}
/** A sequence [2, 3, 2] of one half and one other value. */
function sequenceWith(index: number, value: number): HostTensor {
  return filled([BATCH, LENGTH, 2], 0.5, [[index, value]]);
}

const codebook = float32([CODES, 2], Float32Array.of(0, 0, 0.25, 0, 0, 0.5, 1, 1));
const gain = (...changes: Change[]): HostTensors => ({ gain: filled([LENGTH, 1], 0.5, changes) });
const logits = (...changes: Change[]): HostTensors => ({
  codebook,
  logits: filled([LENGTH, CODES], 1, changes),
});
const decoder = (snap: boolean, ...changes: Change[]): Decoder => ({
  tokenizer: new GainTokenizer(),
  weights: { codebook, pixelGain: filled([LENGTH, 2], 1, changes) },
  codeScale: 1,
  snap,
});
const network = new GainNetwork();
const generator = new ArDiffusionGenerator(network);
const teacher = new TableTeacher();

const oneStep = (...changes: Change[]): Promise<SequenceSampler> =>
  compileOneStep({ generator, weights: gain(...changes), batchSize: BATCH }, compiler);
const refined = (
  weights: HostTensors,
  teacherWeights: HostTensors,
  steps: number,
): Promise<SequenceSampler> =>
  compileRefinement(
    { generator, weights, teacher, teacherWeights, steps, batchSize: BATCH },
    compiler,
  );

async function draw(
  opening: Promise<SequenceSampler>,
  own: Decoder,
  rng: Rng = createRng(3),
): Promise<HostTensor> {
  const sampler = await imageSampler(compiler, await opening, own);
  return sampler.draw(ofClasses(Int32Array.of(0, 1)), rng, 40);
}

/** Noise that is NaN in one value of the second sample, the sixth channel of all. */
const brokenRng: Rng = {
  ...createRng(3),
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
    () => draw(oneStep([1, NaN]), decoder(true)),
    `${GENERATED} NaN at AR step 1 (position 1, channel 0) of sample 40`,
  ],
  [
    'an infinite weight of the generator',
    () => draw(oneStep([2, Infinity]), decoder(true)),
    'Infinity at AR step 1 (position 2, channel',
  ],
  [
    'noise of one sample',
    () => draw(oneStep(), decoder(true), brokenRng),
    `${GENERATED} NaN at AR step 1 (position 2, channel 1) of sample 41`,
  ],
  [
    'the generator before the teacher draws everything again',
    () => draw(refined(gain([0, NaN]), logits(), 2), decoder(false)),
    `${GENERATED} NaN at AR step 0 (position 0, channel 0) of sample 40`,
  ],
  [
    'the teacher that draws AR steps again',
    () => draw(refined(gain(), logits([2 * CODES + 1, NaN]), 1), decoder(false)),
    'The one-step generator and 1 teacher steps became NaN at AR step 1 (position 2, channel 0) of sample 40',
  ],
  [
    'the decoder of a generator, before its infinity is clipped',
    () => draw(oneStep(), decoder(true, [3, -Infinity])),
    'at pixel (0, 1), channel 1, of sample 40',
  ],
  [
    'noise of the AR-diffusion model',
    () =>
      draw(
        compileArDiffusion(
          { network, weights: gain(), batchSize: BATCH, solverSteps: 2 },
          compiler,
        ),
        decoder(true),
        brokenRng,
      ),
    'The AR-diffusion model became NaN at AR step 1 (position 2, channel 1) of sample 41',
  ],
  [
    'a sampler that lets an infinity through, snapped to codes',
    () => draw(teacher.createSampler(), decoder(true)),
    'The sequence to decode became Infinity at AR step 1 (position 2, channel 0) of sample 40',
  ],
  [
    'a sequence to decode',
    async () => (await compileDecoder(compiler, decoder(true), BATCH)).images(sequenceWith(7, NaN)),
    'The sequence to decode became NaN at AR step 0 (position 0, channel 1) of sample 1',
  ],
];

test.each(cases)('says where a value is not finite: %s', async (_, run, message) => {
  const failure = await run().then(
    () => 'no failure',
    (error: unknown) => error,
  );
  expect(failure).toBeInstanceOf(NonFiniteError);
  expect((failure as Error).message).toContain(message);
});

test('the teacher is not asked about AR steps that it leaves alone', async () => {
  // Logits of position 0, which is in AR step 0.
  const images = await draw(refined(gain(), logits([1, NaN]), 1), decoder(false));
  expect(images.data.every(Number.isFinite)).toBe(true);
});

describe('what is opened is disposed of', () => {
  /** A sampler that draws zeros, and counts how often it was disposed of. */
  function zeros() {
    let disposed = 0;
    const sampler: SequenceSampler = {
      ...carelessSampler,
      sample: () => Promise.resolve({ sequence: filled([BATCH, LENGTH, 2], 0, []) }),
      dispose: async () => void disposed++,
    };
    return { sampler, disposed: () => disposed };
  }
  const condition = ofClasses(Int32Array.of(0, 1, 0, 1));
  const request = { name: 'test', condition, count: 4, rng: createRng(3) };
  const context = (own: StepCompiler, signal = new AbortController().signal) => ({
    compiler: own,
    signal,
    progress: { update: () => undefined, message: () => undefined },
  });

  test('the sampler, when its decoder cannot be compiled', async () => {
    const failing: StepCompiler = {
      createStore: () => Promise.reject(new Error('There is no store.')),
      compile: () => Promise.reject(new Error('There is no room for the decoder.')),
    };
    const own = zeros();
    await expect(imageSampler(failing, own.sampler, decoder(false))).rejects.toThrow('no room');
    expect(own.disposed()).toBe(1);
  });

  test('sampler and decoder, whether the images could be drawn or not', async () => {
    const counting = new EagerCompiler();
    const drawn = zeros();
    const { images, evaluations, secondsPerImage } = await drawFrom(
      drawn.sampler,
      decoder(false),
      request,
      context(counting),
    );
    expect(images.shape).toEqual([4, 1, LENGTH, 2]);
    expect(evaluations).toBe(carelessSampler.evaluations);
    expect(secondsPerImage).toBeGreaterThan(0);
    const stopped = zeros();
    const aborted = context(counting, AbortSignal.abort());
    await expect(drawFrom(stopped.sampler, decoder(false), request, aborted)).rejects.toMatchObject(
      { name: 'AbortError' },
    );
    expect([drawn.disposed(), stopped.disposed()]).toEqual([1, 1]);
    expect([counting.compiled, counting.disposed]).toEqual([2, 2]);
  });
});

test('images are clipped to [−1, 1]', async () => {
  const decode = await compileDecoder(compiler, decoder(false), BATCH);
  const given = Float32Array.of(-3, -1, -0.5, -0, 0.25, 1, 1.5, 7, 0, 0.5, -1.25, 1);
  const images = await decode.images(float32([BATCH, LENGTH, 2], given));
  expect(images.shape).toEqual([BATCH, 1, LENGTH, 2]);
  expect([...images.data]).toEqual([-1, -1, -0.5, -0, 0.25, 1, 1, 1, 0, 0.5, -1, 1]);
});
