import type { ImageSplit, LabeledBatch } from '@ar-distill/core';
import { float32, int32 } from '@ar-distill/program';

/** Grey images with their classes, in host memory. */
export interface GreyImages {
  readonly count: number;
  readonly height: number;
  readonly width: number;
  /** [count, height, width], 0 is background. */
  readonly images: Uint8Array;
  /** [count]. */
  readonly labels: Uint8Array;
}

/**
 * Grey images as [B, size, size, 1] in [−1, 1], centred on background (−1): a 28×28 digit gets a
 * border of two pixels at size 32.
 */
export class GreyImageSplit implements ImageSplit {
  /** @throws RangeError when the images are larger than `size`. */
  constructor(
    private readonly set: GreyImages,
    private readonly size: number,
  ) {
    const { height, width } = set;
    if (height > size || width > size) {
      throw new RangeError(`Images of ${height}×${width} pixels do not fit into ${size}×${size}.`);
    }
  }

  get count(): number {
    return this.set.count;
  }

  async read(indices: Int32Array): Promise<LabeledBatch> {
    const { size } = this;
    const { count, height, width, images, labels } = this.set;
    const top = Math.floor((size - height) / 2);
    const left = Math.floor((size - width) / 2);
    const data = new Float32Array(indices.length * size * size).fill(-1);
    indices.forEach((index, i) => {
      if (index < 0 || index >= count) {
        throw new RangeError(`Image ${index} is outside the set of ${count}.`);
      }
      for (let row = 0; row < height; row++) {
        const source = (index * height + row) * width;
        const target = (i * size + top + row) * size + left;
        for (let column = 0; column < width; column++) {
          data[target + column] = images[source + column]! / 127.5 - 1;
        }
      }
    });
    return {
      images: float32([indices.length, size, size, 1], data),
      labels: int32(
        [indices.length],
        indices.map((index) => labels[index]!),
      ),
    };
  }

  async labels(): Promise<Int32Array> {
    return Int32Array.from(this.set.labels);
  }
}
