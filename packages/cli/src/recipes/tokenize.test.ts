import { ImageTokenizer, NonFiniteError } from '@ar-distill/core';
import { createEngine } from '@ar-distill/engine';
import { float32, type HostTensors, type Parameters } from '@ar-distill/nn';
import * as tf from '@tensorflow/tfjs';
import { encodeImages, reconstructImages } from './tokenize';
import type { BaseRecipeContext } from './types';

const engine = createEngine({ worker: false, threads: 1 });
const context: BaseRecipeContext = {
  compiler: engine,
  progress: { update: () => undefined, message: () => undefined },
  signal: new AbortController().signal,
  print: () => undefined,
};

beforeAll(() => tf.enableProdMode());
afterAll(() => engine.dispose());

/** One code for the whole image: its first channel is the brightness of every pixel. */
class FlatTokenizer extends ImageTokenizer {
  readonly layout = { channels: 1, stepLengths: [1] };
  readonly imageShape = [32, 32, 1] as const;
  readonly vocabSize = 2;
  readonly parameterSpecs = {};
  codebook = (parameters: Parameters): tf.Tensor => parameters['codebook']!;
  encode = (_: Parameters, images: tf.Tensor): tf.Tensor =>
    images.mean([1, 2, 3]).greater(0).toInt().expandDims(1);
  decode = (_: Parameters, codes: tf.Tensor): tf.Tensor =>
    tf.ones([1, ...this.imageShape]).mul(codes.square().mul(codes.square()).expandDims(3));
}

/** A dark and a bright image. */
const set = {
  count: 2,
  height: 32,
  width: 32,
  images: new Uint8Array(2 * 1024).fill(255, 1024),
  labels: Uint8Array.of(0, 1),
};
const weights = (bright: number): HostTensors => ({
  codebook: float32([2, 1], Float32Array.of(0.5, bright)),
});
const tokenizer = new FlatTokenizer();

test('images are reconstructed and clipped', async () => {
  const images = await reconstructImages(context, tokenizer, weights(3), set);
  expect([images.length, images[0], images.at(-1)]).toEqual([2 * 1024, 0.0625, 1]);
});

test('a reconstruction that overflows is no white image', async () => {
  const failure = reconstructImages(context, tokenizer, weights(1e30), set);
  await expect(failure).rejects.toThrow(NonFiniteError);
  await expect(failure).rejects.toThrow('became Infinity at pixel (0, 0), channel 0, of sample 1');
});

test('tokens are not made with weights that are not finite', async () => {
  for (const run of [encodeImages, reconstructImages]) {
    await expect(run(context, tokenizer, weights(NaN), set)).rejects.toThrow(
      'Element 1 of the tokenizer\'s weight "codebook" is NaN: take other weights.',
    );
  }
});
