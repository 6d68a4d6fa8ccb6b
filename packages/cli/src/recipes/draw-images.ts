import type { ProgressReporter, Rng } from '@ar-distill/core';
import { TrainingInterruptedError } from '@ar-distill/core';
import type { CompiledDecoder, ImageSource } from './image-sources';

/** Images with the classes that were asked for. */
export interface DrawnImages {
  /** [N, H, W, channels] in [−1, 1]. */
  readonly images: Float32Array;
  readonly labels: Int32Array;
}

interface DrawContext {
  readonly progress: ProgressReporter;
  readonly signal: AbortSignal;
}

/** `classes` in turn, `count` labels. */
export function labelsInTurn(classes: readonly number[], count: number): Int32Array {
  return Int32Array.from({ length: count }, (_, i) => classes[i % classes.length]!);
}

/** One image per label, batch by batch; sample i draws from (seed, i) alone. */
export async function drawImages(
  name: string,
  source: ImageSource,
  labels: Int32Array,
  rng: Rng,
  context: DrawContext,
): Promise<DrawnImages> {
  return inBatches(name, source.batchSize, labels, context, (batchLabels, first) =>
    source.draw(batchLabels, rng, first),
  );
}

/** Decodes given sequences [N, n, C] (scaled). */
export async function decodeSequences(
  name: string,
  decoder: CompiledDecoder,
  batchSize: number,
  sequences: Float32Array,
  labels: Int32Array,
  context: DrawContext,
): Promise<DrawnImages> {
  const size = sequences.length / labels.length;
  return inBatches(name, batchSize, labels, context, (_, first) => {
    const batch = new Float32Array(batchSize * size);
    batch.set(sequences.subarray(first * size, (first + batchSize) * size));
    return decoder.images(batch, first);
  });
}

async function inBatches(
  name: string,
  batchSize: number,
  labels: Int32Array,
  { progress, signal }: DrawContext,
  draw: (labels: Int32Array, first: number) => Promise<Float32Array>,
): Promise<DrawnImages> {
  const total = labels.length;
  let images: Float32Array | undefined;
  for (let first = 0; first < total; first += batchSize) {
    if (signal.aborted) throw new TrainingInterruptedError(name, first, total);
    // The last batch is filled up with repeated labels; what they give is dropped.
    const batchLabels = Int32Array.from(
      { length: batchSize },
      (_, i) => labels[(first + i) % total]!,
    );
    const batch = await draw(batchLabels, first);
    const size = batch.length / batchSize;
    images ??= new Float32Array(total * size);
    const kept = Math.min(batchSize, total - first);
    images.set(batch.subarray(0, kept * size), first * size);
    progress.update({ stage: name, done: first + kept, total, metrics: {} });
  }
  return { images: images ?? new Float32Array(0), labels };
}
