import { ofClasses, sequenceLength, type ImageSplit, type ImageTokenizer } from '@ar-distill/core';
import type { TokenSequences } from '@ar-distill/core/methods';
import { firstNonFinite, pixelPlace, requireFinite } from '@ar-distill/core/sampling';
import { forBatches } from '@ar-distill/datasets';
import {
  elementCount,
  float32,
  int32,
  type HostTensor,
  type HostTensors,
} from '@ar-distill/program';
import type { WorkflowContext } from '../context';
import type { LoadedTokenizer } from '../models/preset-models';
import { imageBatch } from '../sample/batch-sizes';
import { finiteImages } from '../sample/decoder';

const BATCH = 100;

/** What running a tokenizer takes of a workflow. */
type TokenizerContext = Pick<WorkflowContext, 'compiler' | 'progress' | 'signal'>;

/**
 * All images of a split as tokens, with their classes; throws when a weight or a pixel is not finite
 * or when aborted.
 */
export async function labelledTokens(
  context: TokenizerContext,
  { tokenizer, weights }: Pick<LoadedTokenizer, 'tokenizer' | 'weights'>,
  split: ImageSplit,
): Promise<TokenSequences> {
  return {
    tokens: await encodeImages(context, tokenizer, weights, split),
    condition: ofClasses(await split.labels()),
  };
}

/** Tokens [N, n] of all images of a split. */
async function encodeImages(
  { compiler, progress, signal }: TokenizerContext,
  tokenizer: ImageTokenizer,
  weights: Readonly<HostTensors>,
  split: ImageSplit,
): Promise<HostTensor> {
  requireFiniteWeights(weights);
  const n = sequenceLength(tokenizer.layout);
  const batchSize = imageBatch(tokenizer.layout, tokenizer.imageShape, BATCH);
  const step = await compiler.compile({
    name: 'encoder',
    fn: ({ constants, inputs }) => ({
      outputs: { tokens: tokenizer.encode(constants, inputs['images']!) },
    }),
    constants: weights,
    inputs: { images: { shape: [batchSize, ...tokenizer.imageShape], dtype: 'float32' } },
  });
  const all = new Int32Array(split.count * n);
  await forBatches(split, batchSize, async ({ images }, first, kept) => {
    signal.throwIfAborted();
    requireFiniteImages(images, first);
    const { tokens } = await step.run({ images });
    all.set(tokens!.data.subarray(0, kept * n), first * n);
    progress.update({ stage: 'encode', done: first + kept, total: split.count, metrics: {} });
  });
  await step.dispose();
  return int32([split.count, n], all);
}

/**
 * Reconstructions [N, H, W, channels] in [−1, 1] of all images of a split; throws when a weight or a
 * pixel is not finite or when aborted.
 */
export async function reconstructImages(
  { compiler, progress, signal }: TokenizerContext,
  tokenizer: ImageTokenizer,
  weights: Readonly<HostTensors>,
  split: ImageSplit,
): Promise<HostTensor> {
  requireFiniteWeights(weights);
  const batchSize = imageBatch(tokenizer.layout, tokenizer.imageShape, BATCH);
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
    inputs: { images: { shape: [batchSize, ...tokenizer.imageShape], dtype: 'float32' } },
  });
  const size = elementCount(tokenizer.imageShape);
  const all = new Float32Array(split.count * size);
  await forBatches(split, batchSize, async ({ images }, first, kept) => {
    signal.throwIfAborted();
    requireFiniteImages(images, first);
    const { images: decoded } = await step.run({ images });
    all.set(finiteImages(decoded!, first).data.subarray(0, kept * size), first * size);
    progress.update({ stage: 'reconstruct', done: first + kept, total: split.count, metrics: {} });
  });
  await step.dispose();
  return float32([split.count, ...tokenizer.imageShape], all);
}

/** The nearest code to NaN is a code like any other. */
function requireFiniteImages(images: HostTensor, first: number): void {
  requireFinite('The image to encode', images, first, pixelPlace);
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
