import type { DatasetProvider, ImageSplit } from '@ar-distill/core';
import { float32, int32 } from '@ar-distill/program';

const SIDE = 4;
const CLASSES = 3;
const PIXELS = SIDE ** 2;

/** Grey images of 4×4 pixels for `SMALL_SIZES`: the rows of class c are bright from row c on, a little at random. */
export const specks: DatasetProvider = {
  name: 'specks',
  summary: 'generated images of 4×4 pixels',
  imageShape: [SIDE, SIDE, 1],
  classes: CLASSES,
  open: async () => ({ train: split(0, 60), test: split(60, 30) }),
};

function split(start: number, count: number): ImageSplit {
  const labelOf = (index: number): number => (start + index) % CLASSES;
  return {
    count,
    labels: async () => Int32Array.from({ length: count }, (_, i) => labelOf(i)),
    read: async (indices) => ({
      images: float32(
        [indices.length, SIDE, SIDE, 1],
        Float32Array.from({ length: indices.length * PIXELS }, (_, i) => {
          const index = indices[Math.floor(i / PIXELS)]!;
          const isBright = Math.floor((i % PIXELS) / SIDE) >= labelOf(index);
          return (isBright ? 0.7 : -0.7) + 0.2 * Math.sin(7 * (start + index) + i);
        }),
      ),
      labels: int32([indices.length], Int32Array.from(indices, labelOf)),
    }),
  };
}
