import type { ImageSplit, LabeledBatch } from '@ar-distill/core';

/**
 * Goes through a split in order, `size` images at a time, from number `start` on: programs are compiled for
 * a fixed batch.
 * The last batch is filled up from the start of the split; `kept` says how many of a batch count.
 * @throws RangeError when `size` is not a positive integer.
 */
export async function forBatches(
  split: ImageSplit,
  size: number,
  action: (batch: LabeledBatch, first: number, kept: number) => Promise<void>,
  start = 0,
): Promise<void> {
  if (!Number.isInteger(size) || size < 1) {
    throw new RangeError(`Batches need a positive integer as size, not ${size}.`);
  }
  const { count } = split;
  for (let first = start; first < count; first += size) {
    const indices = Int32Array.from({ length: size }, (_, i) => (first + i) % count);
    await action(await split.read(indices), first, Math.min(size, count - first));
  }
}
