import { bytesOfPixels, pixelsOfBytes } from '@ar-distill/core';
import { imageGrid } from '@ar-distill/evaluation/report';
import { float32, type HostTensor } from '@ar-distill/program';

/** Images in a row of a picture of several. */
const COLUMNS = 10;

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
    /** Class that the image was made for; undefined when the model knows no classes, or it is not known. */
    readonly label: number | undefined,
    values: Float32Array,
  ) {
    this.pixels = bytesOfPixels(values);
  }

  /** The image as a PNG file. */
  toPng(): Uint8Array {
    return imageGrid(pixelTensor([this]), 1, { padding: 0 });
  }
}

/** Images that were made. */
export class GeneratedImages {
  constructor(readonly images: readonly GeneratedImage[]) {}

  /**
   * All of them as one PNG file, row by row with a white margin.
   * @param columns images in a row, at most; default 10.
   * @throws RangeError when there are no images, or the number of columns is none.
   */
  toPng(columns = COLUMNS): Uint8Array {
    return imageGrid(pixelTensor(this.images), columns);
  }
}

/** Of what `pixelTensor` takes. */
export type ImagePixels = Pick<GeneratedImage, 'height' | 'width' | 'channels' | 'pixels'>;

/** Images of one size as [N, height, width, channels] in [−1, 1]. */
export function pixelTensor(images: readonly ImagePixels[]): HostTensor {
  const { height = 0, width = 0, channels = 0 } = images[0] ?? {};
  const size = height * width * channels;
  const values = new Float32Array(images.length * size);
  images.forEach(({ pixels }, i) => values.set(pixelsOfBytes(pixels), i * size));
  return float32([images.length, height, width, channels], values);
}

/** The images of a batch [B, height, width, channels]. */
export function imagesOf(
  batch: HostTensor,
  labels: Int32Array | undefined,
): readonly GeneratedImage[] {
  const [count, height, width, channels] = batch.shape as [number, number, number, number];
  const size = height * width * channels;
  return Array.from({ length: count }, (_, i) => {
    const values = (batch.data as Float32Array).subarray(i * size, (i + 1) * size);
    return new GeneratedImage(height, width, channels, labels?.[i], values);
  });
}
