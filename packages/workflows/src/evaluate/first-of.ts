import type { ImageSplit } from '@ar-distill/core';

/** The first images of a split, at most `count`; all of it without a count. */
export function firstOf(split: ImageSplit, count = split.count): ImageSplit {
  if (count >= split.count) return split;
  return {
    count,
    labels: async () => (await split.labels()).subarray(0, count),
    read: (indices) => split.read(indices),
  };
}
