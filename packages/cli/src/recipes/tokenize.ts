import { firstNonFinite, sequenceLength, type ImageTokenizer } from '@ar-distill/core';
import { toImages, type LabeledImages } from '@ar-distill/datasets';
import { float32, int32, type HostTensor, type HostTensors } from '@ar-distill/nn';
import { finiteImages } from './image-sources';
import type { BaseRecipeContext } from './types';

const BATCH = 100;

/** Tokens [N, n] of all images of a set. */
export async function encodeImages(
  { compiler, progress }: BaseRecipeContext,
  tokenizer: ImageTokenizer,
  weights: Readonly<HostTensors>,
  set: LabeledImages,
): Promise<HostTensor> {
  requireFiniteWeights(weights);
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
  requireFiniteWeights(weights);
  const step = await compiler.compile({
    name: 'reconstruction',
    fn: ({ constants, inputs }) => {
      const tokens = tokenizer.encode(constants, inputs['images']!);
      const [V, C] = tokenizer.codebook(constants).shape as [number, number];
      const codes = tokenizer.codebook(constants).as2D(V, C).gather(tokens.flatten().toInt());
      const images = tokenizer.decode(constants, codes.reshape([...tokens.shape, C]));
      return { outputs: { images } };
    },
    constants: weights,
    inputs: { images: { shape: [BATCH, ...tokenizer.imageShape], dtype: 'float32' } },
  });
  const size = tokenizer.imageShape.reduce((product, length) => product * length, 1);
  const all = new Float32Array(set.count * size);
  await forBatches(set, async (images, first, kept) => {
    const { images: decoded } = await step.run({ images });
    all.set(finiteImages(decoded!, first).subarray(0, kept * size), first * size);
    progress.update({ stage: 'reconstruct', done: first + kept, total: set.count, metrics: {} });
  });
  await step.dispose();
  return all;
}

/** Tokens are numbers of codes, which a NaN in the encoder gives as well. */
function requireFiniteWeights(weights: Readonly<HostTensors>): void {
  for (const [name, { data }] of Object.entries(weights)) {
    const index = firstNonFinite(data);
    if (index < 0) continue;
    throw new Error(
      `Element ${index} of the tokenizer's weight "${name}" is ${data[index]}: take other weights.`,
    );
  }
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
