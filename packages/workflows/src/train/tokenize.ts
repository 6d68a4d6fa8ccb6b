import { type ImageTokenizer, sequenceLength } from '@ar-distill/core';
import { type LabeledImages, toImages } from '@ar-distill/datasets';
import { float32, type HostTensor, type HostTensors, int32 } from '@ar-distill/program';
import type { BaseRecipeContext } from '../types';

const BATCH = 100;

/** Tokens [N, n] of all images of a set. */
export async function encodeImages(
  { compiler, progress }: BaseRecipeContext,
  tokenizer: ImageTokenizer,
  weights: Readonly<HostTensors>,
  set: LabeledImages,
): Promise<HostTensor> {
  const n = sequenceLength(tokenizer.layout);
  const step = await compiler.compile({
    name: 'encoder',
    fn: ({ constants, inputs }) => ({
      outputs: { tokens: tokenizer.encode(constants, inputs['images']!) },
    }),
    constants: weights,
    inputs: { images: { shape: [BATCH, ...tokenizer.imageShape], dtype: 'float32' } },
  });
  const all = new Int32Array(set.count * n);
  await forBatches(set, async (images, first, kept) => {
    const { tokens } = await step.run({ images });
    all.set(tokens!.data.subarray(0, kept * n), first * n);
    progress.update({ stage: 'encode', done: first + kept, total: set.count, metrics: {} });
  });
  await step.dispose();
  return int32([set.count, n], all);
}

/** Reconstructions [N, H, W, channels] in [−1, 1] of all images of a set. */
export async function reconstructImages(
  { compiler, progress }: BaseRecipeContext,
  tokenizer: ImageTokenizer,
  weights: Readonly<HostTensors>,
  set: LabeledImages,
): Promise<Float32Array> {
  const step = await compiler.compile({
    name: 'reconstruction',
    fn: ({ constants, inputs }) => {
      const tokens = tokenizer.encode(constants, inputs['images']!);
      const [V, C] = tokenizer.codebook(constants).shape as [number, number];
      const codes = tokenizer.codebook(constants).as2D(V, C).gather(tokens.flatten().toInt());
      const images = tokenizer.decode(constants, codes.reshape([...tokens.shape, C]));
      return { outputs: { images: images.clipByValue(-1, 1) } };
    },
    constants: weights,
    inputs: { images: { shape: [BATCH, ...tokenizer.imageShape], dtype: 'float32' } },
  });
  const size = tokenizer.imageShape.reduce((product, length) => product * length, 1);
  const all = new Float32Array(set.count * size);
  await forBatches(set, async (images, first, kept) => {
    const { images: decoded } = await step.run({ images });
    all.set(decoded!.data.subarray(0, kept * size), first * size);
    progress.update({ stage: 'reconstruct', done: first + kept, total: set.count, metrics: {} });
  });
  await step.dispose();
  return all;
}

async function forBatches(
  set: LabeledImages,
  visit: (images: HostTensor, first: number, kept: number) => Promise<void>,
): Promise<void> {
  for (let first = 0; first < set.count; first += BATCH) {
    // The last batch is filled up with the first images; what they give is dropped.
    const indices = Int32Array.from({ length: BATCH }, (_, i) => (first + i) % set.count);
    const { shape, data } = toImages(set, indices);
    await visit(float32(shape, data), first, Math.min(BATCH, set.count - first));
  }
}
