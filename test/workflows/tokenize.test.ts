import {
  type ImageSplit,
  ImageTokenizer,
  type ProgressReporter,
  type SequenceLayout,
} from '@ar-distill/core';
import { float32, type HostTensors, int32 } from '@ar-distill/program';
import * as tf from '@tensorflow/tfjs';
import { labelledTokens, reconstructImages } from '../../packages/workflows/src/train/tokenize';
import { EagerCompiler } from '../core/eager-compiler';

/** Two pixels, two codes: a pixel's code is its sign, and is decoded as itself times a gain. */
class SignTokenizer extends ImageTokenizer {
  readonly layout: SequenceLayout = { channels: 1, stepLengths: [2] };
  readonly imageShape = [1, 2, 1] as const;
  readonly vocabSize = 2;
  readonly parameterSpecs = {};
  codebook = (): tf.Tensor => tf.tensor2d([[-1], [1]]);
  encode = (_: unknown, images: tf.Tensor): tf.Tensor => images.reshape([-1, 2]).greater(0).toInt();
  decode = (parameters: Readonly<Record<string, tf.Tensor>>, codes: tf.Tensor): tf.Tensor =>
    codes.mul(parameters['gain']!).reshape([-1, 1, 2, 1]);
}

const compiler = new EagerCompiler();
const progress: ProgressReporter = { update: () => undefined, message: () => undefined };
const tokenizer = new SignTokenizer();
const context = { compiler, progress, signal: new AbortController().signal };
const weightsOf = (...gain: number[]): HostTensors => ({
  gain: float32([2, 1], Float32Array.from(gain)),
});

/** 103 images, the last of which is [0.5, −0.25]. */
const COUNT = 103;
const split: ImageSplit = {
  count: COUNT,
  labels: () => Promise.resolve(new Int32Array(COUNT)),
  read: (indices) =>
    Promise.resolve({
      images: float32(
        [indices.length, 1, 2, 1],
        Float32Array.from([...indices].flatMap((i) => (i === COUNT - 1 ? [0.5, -0.25] : [-1, 1]))),
      ),
      labels: int32([indices.length], new Int32Array(indices.length)),
    }),
};

beforeAll(async () => {
  tf.enableProdMode();
  await tf.setBackend('cpu');
});

test('images become tokens, and tokens images in [−1, 1]', async () => {
  const weights = weightsOf(3, 0.5);
  const { tokens } = await labelledTokens(context, { tokenizer, weights }, split);
  expect(tokens.shape).toEqual([COUNT, 2]);
  expect([...tokens.data.subarray(-4)]).toEqual([0, 1, 1, 0]);
  const images = await reconstructImages(context, tokenizer, weights, split);
  expect(images.shape).toEqual([COUNT, 1, 2, 1]);
  expect([...images.data.subarray(-4)]).toEqual([-1, 0.5, 1, -0.5]);
});

test.each([NaN, Infinity])('a weight that is %p is named', async (value) => {
  const weights = weightsOf(1, value);
  const message = `Element 1 of the tokenizer's weight "gain" is ${value}: take other weights.`;
  await expect(labelledTokens(context, { tokenizer, weights }, split)).rejects.toThrow(message);
  await expect(reconstructImages(context, tokenizer, weights, split)).rejects.toThrow(message);
});

test('a pixel that finite weights make infinite is named', async () => {
  /** Decodes the positive code as infinity. */
  class OverflowingTokenizer extends SignTokenizer {
    override decode = (_: unknown, codes: tf.Tensor): tf.Tensor =>
      codes.mul(1e30).mul(tf.relu(codes).mul(1e30)).reshape([-1, 1, 2, 1]);
  }
  const drawn = reconstructImages(context, new OverflowingTokenizer(), weightsOf(1, 1), {
    ...split,
    count: 1,
  });
  await expect(drawn).rejects.toThrow(
    'The decoded image became Infinity at pixel (0, 1), channel 0, of sample 0',
  );
});

test('an image of the data set that is not finite is named, not encoded', async () => {
  const broken: ImageSplit = {
    ...split,
    read: async (indices) => {
      const batch = await split.read(indices);
      const images = batch.images.data.slice();
      [...indices].forEach((index, row) => {
        if (index === 101) images[row * 2 + 1] = NaN;
      });
      return { ...batch, images: float32(batch.images.shape, Float32Array.from(images)) };
    },
  };
  const weights = weightsOf(1, 1);
  const message = 'The image to encode became NaN at pixel (0, 1), channel 0, of sample 101';
  await expect(labelledTokens(context, { tokenizer, weights }, broken)).rejects.toThrow(message);
  await expect(reconstructImages(context, tokenizer, weights, broken)).rejects.toThrow(message);
});

test('both stop between two batches', async () => {
  const weights = weightsOf(3, 0.5);
  const read: number[] = [];
  const stopping = (controller: AbortController): ImageSplit => ({
    ...split,
    read: (indices) => {
      read.push(indices[0]!);
      if (indices[0] !== 0) controller.abort();
      return split.read(indices);
    },
  });
  for (const run of [
    (own: typeof context, images: ImageSplit) =>
      labelledTokens(own, { tokenizer, weights }, images),
    (own: typeof context, images: ImageSplit) => reconstructImages(own, tokenizer, weights, images),
  ]) {
    const controller = new AbortController();
    const { signal } = controller;
    await expect(run({ ...context, signal }, stopping(controller))).rejects.toMatchObject({
      name: 'AbortError',
    });
  }
  expect(read).toEqual([0, 100, 0, 100]);
});
