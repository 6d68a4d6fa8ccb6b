/** Grey images with their classes, in host memory. */
export interface LabeledImages {
  readonly count: number;
  readonly height: number;
  readonly width: number;
  /** [count, height, width], 0 is background. */
  readonly images: Uint8Array;
  /** [count]. */
  readonly labels: Uint8Array;
}

/** A batch of images as networks read them. */
export interface ImageBatch {
  /** [B, size, size, 1]. */
  readonly shape: readonly [number, number, number, 1];
  /** Values in [−1, 1], row-major. */
  readonly data: Float32Array;
}

/**
 * The images of the given numbers as [B, size, size, 1] in [−1, 1], centred on background (−1): a
 * 28×28 digit gets a border of two pixels at the default size of 32.
 * @throws RangeError when the images are larger than `size` or a number is outside the set.
 */
export function toImages(
  set: LabeledImages,
  indices: ArrayLike<number> = Int32Array.from({ length: set.count }, (_, i) => i),
  size = 32,
): ImageBatch {
  const { height, width } = set;
  if (height > size || width > size) {
    throw new RangeError(`Images of ${height}×${width} pixels do not fit into ${size}×${size}.`);
  }
  const top = Math.floor((size - height) / 2);
  const left = Math.floor((size - width) / 2);
  const data = new Float32Array(indices.length * size * size).fill(-1);
  for (let i = 0; i < indices.length; i++) {
    const index = memberOf(set, indices[i]!);
    for (let row = 0; row < height; row++) {
      const source = (index * height + row) * width;
      const target = (i * size + top + row) * size + left;
      for (let column = 0; column < width; column++) {
        data[target + column] = set.images[source + column]! / 127.5 - 1;
      }
    }
  }
  return { shape: [indices.length, size, size, 1], data };
}

/**
 * The classes of the given numbers (of all images when none are given).
 * @throws RangeError when a number is outside the set.
 */
export function toLabels(set: LabeledImages, indices?: ArrayLike<number>): Int32Array {
  if (!indices) return Int32Array.from(set.labels);
  return Int32Array.from(indices, (index) => set.labels[memberOf(set, index)]!);
}

function memberOf(set: LabeledImages, index: number): number {
  if (!Number.isInteger(index) || index < 0 || index >= set.count) {
    throw new RangeError(`Image ${index} is outside the set of ${set.count}.`);
  }
  return index;
}
