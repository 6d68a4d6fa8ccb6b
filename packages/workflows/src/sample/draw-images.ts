import { conditionRows, type ProgressReporter } from '@ar-distill/core';
import { float32, type HostTensor, type HostTensors, type Rng } from '@ar-distill/program';
import type { CompiledDecoder } from './decoder';
import type { ImageSampler } from './image-sampler';

/** What drawing is watched with. */
export interface DrawContext {
  readonly progress: ProgressReporter;
  readonly signal: AbortSignal;
}

/** Images that are drawn, and for what. */
export interface DrawnImages {
  /** [N, H, W, channels] in [−1, 1]. */
  readonly images: HostTensor;
  /** [N, …]. */
  readonly condition: HostTensors;
}

/** A batch of images; the last one may be smaller. */
export interface ImageBatch {
  /** Number of the first image. */
  readonly first: number;
  /** [B, H, W, channels] in [−1, 1]. */
  readonly images: HostTensor;
}

/**
 * `total` images for the condition [total, …], batch by batch; image i draws from (seed, i) alone.
 * @throws the signal's reason (an AbortError) between two batches when it is aborted.
 */
export async function* drawBatches(
  name: string,
  sampler: Pick<ImageSampler, 'batchSize' | 'draw'>,
  condition: Readonly<HostTensors>,
  total: number,
  rng: Rng,
  { progress, signal }: DrawContext,
): AsyncGenerator<ImageBatch, void, undefined> {
  for (let first = 0; first < total; first += sampler.batchSize) {
    signal.throwIfAborted();
    const images = await drawBatch(sampler, condition, total, rng, first);
    progress.update({ stage: name, done: first + images.shape[0]!, total, metrics: {} });
    yield { first, images };
  }
}

/** The batch of these images that begins with number `first`, [B, H, W, channels] in [−1, 1]. */
export async function drawBatch(
  sampler: Pick<ImageSampler, 'batchSize' | 'draw'>,
  condition: Readonly<HostTensors>,
  total: number,
  rng: Rng,
  first: number,
): Promise<HostTensor> {
  const { batchSize } = sampler;
  // The last batch is filled up with the first rows; what they give is dropped.
  const rows = Int32Array.from({ length: batchSize }, (_, i) => (first + i) % total);
  const images = await sampler.draw(conditionRows(condition, rows), rng, first);
  const kept = Math.min(batchSize, total - first);
  const size = images.data.length / batchSize;
  const data = (images.data as Float32Array).subarray(0, kept * size);
  return float32([kept, ...images.shape.slice(1)], data);
}

/** The same, all images together. */
export async function drawImages(
  name: string,
  sampler: Pick<ImageSampler, 'batchSize' | 'draw'>,
  condition: HostTensors,
  count: number,
  rng: Rng,
  context: DrawContext,
): Promise<DrawnImages> {
  const batches = drawBatches(name, sampler, condition, count, rng, context);
  return { images: await joinBatches(count, batches), condition };
}

/** `count` images [count, H, W, channels] from batches that hold all of them. */
export async function joinBatches(
  count: number,
  batches: AsyncIterable<ImageBatch>,
): Promise<HostTensor> {
  let all: Float32Array | undefined;
  let shape: readonly number[] = [];
  for await (const { first, images } of batches) {
    shape = images.shape.slice(1);
    const size = images.data.length / images.shape[0]!;
    all ??= new Float32Array(count * size);
    all.set(images.data, first * size);
  }
  return float32([count, ...shape], all ?? new Float32Array(0));
}

/** Decodes given sequences [N, n, C] (scaled) that were made for `condition`. */
export async function decodeSequences(
  name: string,
  decoder: CompiledDecoder,
  batchSize: number,
  sequences: HostTensor,
  condition: HostTensors,
  rng: Rng,
  context: DrawContext,
): Promise<DrawnImages> {
  const count = sequences.shape[0]!;
  const draw = (_condition: Readonly<HostTensors>, _rng: Rng, first: number) => {
    const rows = Int32Array.from({ length: batchSize }, (_, i) => (first + i) % count);
    return decoder.images(conditionRows({ sequences }, rows)['sequences']!, first);
  };
  return drawImages(name, { batchSize, draw }, condition, count, rng, context);
}
