import {
  ofClasses,
  sequenceLength,
  type ImageSplit,
  type ImageTokenizer,
  type LabeledBatch,
} from '@ar-distill/core';
import type { TokenSequences } from '@ar-distill/core/methods';
import { disposing } from '@ar-distill/core/optimization';
import { firstNonFinite, pixelPlace, requireFinite } from '@ar-distill/core/sampling';
import { forBatches } from '@ar-distill/datasets';
import {
  elementCount,
  float32,
  int32,
  type HostTensor,
  type HostTensors,
} from '@ar-distill/program';
import type * as tf from '@tensorflow/tfjs';
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
  loaded: Pick<LoadedTokenizer, 'tokenizer' | 'weights'>,
  split: ImageSplit,
): Promise<TokenSequences> {
  const n = sequenceLength(loaded.tokenizer.layout);
  const { count } = split;
  const all = new Int32Array(count * n);
  let done = 0;
  await encodeImages(context, loaded, split, 0, async ({ shape, data }) => {
    all.set(data, done * n);
    done += shape[0]!;
    context.progress.update({ stage: 'encode', done, total: count, metrics: {} });
  });
  return { tokens: int32([count, n], all), condition: ofClasses(await split.labels()) };
}

/**
 * The images of a split from number `first` on as tokens: `take` gets those of a batch, [b, n] int32, one
 * batch after the other, and is waited for. Throws when a weight or a pixel is not finite or when aborted.
 */
export async function encodeImages(
  context: Pick<TokenizerContext, 'compiler' | 'signal'>,
  { tokenizer, weights }: Pick<LoadedTokenizer, 'tokenizer' | 'weights'>,
  split: ImageSplit,
  first: number,
  take: (tokens: HostTensor) => Promise<void>,
): Promise<void> {
  const n = sequenceLength(tokenizer.layout);
  await runOnImages(
    {
      name: 'encoder',
      fn: (parameters, images) => tokenizer.encode(parameters, images),
      take: ({ data }, _first, kept) =>
        take(int32([kept, n], Int32Array.from(data.subarray(0, kept * n)))),
    },
    context,
    { tokenizer, weights },
    split,
    first,
  );
}

/**
 * Reconstructions [N, H, W, channels] in [−1, 1] of all images of a split; throws when a weight or a
 * pixel is not finite or when aborted.
 */
export async function reconstructImages(
  context: TokenizerContext,
  tokenizer: ImageTokenizer,
  weights: Readonly<HostTensors>,
  split: ImageSplit,
): Promise<HostTensor> {
  const size = elementCount(tokenizer.imageShape);
  const all = new Float32Array(split.count * size);
  await runOnImages(
    {
      name: 'reconstruction',
      fn: (parameters, images) => {
        const tokens = tokenizer.encode(parameters, images);
        const [V, C] = tokenizer.codebook(parameters).shape as [number, number];
        const codes = tokenizer.codebook(parameters).as2D(V, C).gather(tokens.flatten().toInt());
        return tokenizer.decode(parameters, codes.reshape([...tokens.shape, C]));
      },
      take: async (decoded, first, kept) => {
        all.set(finiteImages(decoded, first).data.subarray(0, kept * size), first * size);
        context.progress.update({
          stage: 'reconstruct',
          done: first + kept,
          total: split.count,
          metrics: {},
        });
      },
    },
    context,
    { tokenizer, weights },
    split,
  );
  return float32([split.count, ...tokenizer.imageShape], all);
}

/** What a pass over the images of a split does. */
interface ImagePass {
  /** Of the program. */
  readonly name: string;
  /** Traced, of images [B, H, W, channels]. */
  fn(parameters: Readonly<Record<string, tf.Tensor>>, images: tf.Tensor): tf.Tensor;
  /** Keeps the first `kept` rows of what the images from number `first` of the split on gave. */
  take(result: HostTensor, first: number, kept: number): Promise<void>;
}

async function runOnImages(
  { name, fn, take }: ImagePass,
  { compiler, signal }: Pick<TokenizerContext, 'compiler' | 'signal'>,
  { tokenizer, weights }: Pick<LoadedTokenizer, 'tokenizer' | 'weights'>,
  split: ImageSplit,
  start = 0,
): Promise<void> {
  requireFiniteWeights(weights);
  const { imageShape, layout } = tokenizer;
  const batchSize = imageBatch(layout, imageShape, BATCH);
  await disposing(async (own) => {
    const step = own(
      await compiler.compile({
        name,
        fn: ({ constants, inputs }) => ({
          outputs: { result: fn(constants, inputs['images']!) },
        }),
        constants: weights,
        inputs: { images: { shape: [batchSize, ...imageShape], dtype: 'float32' } },
      }),
    );
    const pass = async ({ images }: LabeledBatch, first: number, kept: number): Promise<void> => {
      signal.throwIfAborted();
      // The nearest code to NaN is a code like any other.
      requireFinite('The image to encode', images, first, pixelPlace);
      const { result } = await step.run({ images });
      await take(result!, first, kept);
    };
    await forBatches(split, batchSize, pass, start);
  });
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
