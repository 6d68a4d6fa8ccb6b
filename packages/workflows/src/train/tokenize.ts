import {
  ofClasses,
  sequenceLength,
  type ImageSplit,
  type ImageTokenizer,
  type LabeledBatch,
} from '@ar-distill/core';
import type { TokenSequences } from '@ar-distill/core/methods';
import { disposing } from '@ar-distill/core/optimization';
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
import {
  compileEncoder,
  compileOnImages,
  type CompiledTokenizerProgram,
  decodeTokens,
} from '../sample/tokenizer-programs';

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
  loaded: Pick<LoadedTokenizer, 'tokenizer' | 'weights'>,
  split: ImageSplit,
  first: number,
  take: (tokens: HostTensor) => Promise<void>,
): Promise<void> {
  const n = sequenceLength(loaded.tokenizer.layout);
  const batchSize = batchFor(loaded.tokenizer);
  await runOnImages(
    await compileEncoder(context.compiler, loaded, batchSize),
    batchSize,
    context,
    split,
    ({ data }, _first, kept) => take(int32([kept, n], Int32Array.from(data.subarray(0, kept * n)))),
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
  const batchSize = batchFor(tokenizer);
  const reconstruction = await compileOnImages(
    {
      name: 'reconstruction',
      fn: (parameters, images) =>
        decodeTokens(tokenizer, parameters, tokenizer.encode(parameters, images)),
    },
    context.compiler,
    { tokenizer, weights },
    batchSize,
  );
  await runOnImages(reconstruction, batchSize, context, split, async (decoded, first, kept) => {
    all.set(finiteImages(decoded, first).data.subarray(0, kept * size), first * size);
    context.progress.update({
      stage: 'reconstruct',
      done: first + kept,
      total: split.count,
      metrics: {},
    });
  });
  return float32([split.count, ...tokenizer.imageShape], all);
}

function batchFor({ layout, imageShape }: ImageTokenizer): number {
  return imageBatch(layout, imageShape, BATCH);
}

/**
 * Runs a program on the images of a split from number `start` on, and disposes of it; `take` keeps the
 * first `kept` rows of what those from number `first` on gave.
 */
async function runOnImages(
  program: CompiledTokenizerProgram,
  batchSize: number,
  { signal }: Pick<TokenizerContext, 'signal'>,
  split: ImageSplit,
  take: (result: HostTensor, first: number, kept: number) => Promise<void>,
  start = 0,
): Promise<void> {
  await disposing(async (own) => {
    const { run } = own(program);
    const pass = async ({ images }: LabeledBatch, first: number, kept: number): Promise<void> => {
      signal.throwIfAborted();
      await take(await run(images, first), first, kept);
    };
    await forBatches(split, batchSize, pass, start);
  });
}
