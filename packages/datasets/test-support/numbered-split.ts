import type { ImageSplit, LabeledBatch } from '@ar-distill/core';
import { float32, int32 } from '@ar-distill/program';

/** Image i is one pixel of value i and has class i modulo 3. */
export function numberedSplit(count: number): ImageSplit & { read: jest.Mock } {
  const read = (indices: Int32Array): Promise<LabeledBatch> =>
    Promise.resolve({
      images: float32([indices.length, 1, 1, 1], Float32Array.from(indices)),
      labels: int32(
        [indices.length],
        indices.map((index) => index % 3),
      ),
    });
  return {
    count,
    read: jest.fn(read),
    labels: () => Promise.resolve(Int32Array.from({ length: count }, (_, i) => i % 3)),
  };
}
