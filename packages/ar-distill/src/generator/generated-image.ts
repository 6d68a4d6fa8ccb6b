import { bytesOfPixels } from '@ar-distill/core';
import { imageGrid } from '@ar-distill/evaluation/report';
import { float32, type HostTensor } from '@ar-distill/program';

/** One image, as pixels. */
export class GeneratedImage {
  /** Values from 0 to 255, [height, width, channels], row-major. */
  readonly pixels: Uint8Array;

  /** @param values [height, width, channels] in [−1, 1], row-major. */
  constructor(
    readonly height: number,
    readonly width: number,
    /** 1 (grey) or 3 (red, green, blue). */
    readonly channels: number,
    /** Class that the image was made for; undefined when the model knows no classes. */
    readonly label: number | undefined,
    private readonly values: Float32Array,
  ) {
    this.pixels = bytesOfPixels(values);
  }

  /** The image as a PNG file. */
  toPng(): Uint8Array {
    const { height, width, channels } = this;
    return imageGrid(float32([1, height, width, channels], this.values), 1, { padding: 0 });
  }
}

/** The images of a batch [B, height, width, channels]. */
export function imagesOf(
  batch: HostTensor,
  labels: Int32Array | undefined,
): readonly GeneratedImage[] {
  const [count, height, width, channels] = batch.shape as [number, number, number, number];
  const size = height * width * channels;
  return Array.from({ length: count }, (_, i) => {
    // A copy: an image that is kept must not keep its whole batch.
    const values = (batch.data as Float32Array).slice(i * size, (i + 1) * size);
    return new GeneratedImage(height, width, channels, labels?.[i], values);
  });
}
