import { PNG } from 'pngjs';
import { bytesOfPixels } from '@ar-distill/core';
import type { HostTensor } from '@ar-distill/program';

/** Layout of a grid of images. */
export interface ImageGridOptions {
  /** Pixels between images and around them (default 2, white). */
  readonly padding?: number;
  /** Every pixel becomes a square of this many (default 1). */
  readonly scale?: number;
}

/**
 * A PNG file with `images` [N, H, W, 1 or 3] in [−1, 1], row by row.
 * @throws RangeError when the shape is another, or a number in the layout makes no sense.
 */
export function imageGrid(
  images: HostTensor,
  columns: number,
  { padding = 2, scale = 1 }: ImageGridOptions = {},
): Uint8Array {
  const [count, height, width, channels] = images.shape;
  if (
    images.dtype !== 'float32' ||
    images.shape.length !== 4 ||
    !count ||
    !height ||
    !width ||
    (channels !== 1 && channels !== 3)
  ) {
    throw new RangeError(
      `A grid needs float32 images [N, H, W, 1 or 3], not ${images.dtype} [${images.shape.join(', ')}].`,
    );
  }
  if (!isCount(columns, 1) || !isCount(padding, 0) || !isCount(scale, 1)) {
    throw new RangeError('Columns and scale of a grid are positive integers, its padding from 0.');
  }
  const perRow = Math.min(columns, count);
  const cellWidth = width * scale + padding;
  const cellHeight = height * scale + padding;
  const png = new PNG({
    width: perRow * cellWidth + padding,
    height: Math.ceil(count / perRow) * cellHeight + padding,
  });
  png.data.fill(255);
  const bytes = bytesOfPixels(images.data);
  for (let i = 0; i < count; i++) {
    const left = padding + (i % perRow) * cellWidth;
    const top = padding + Math.floor(i / perRow) * cellHeight;
    for (let y = 0; y < height * scale; y++) {
      for (let x = 0; x < width * scale; x++) {
        const pixel = (i * height + Math.floor(y / scale)) * width + Math.floor(x / scale);
        const target = ((top + y) * png.width + left + x) * 4;
        for (let c = 0; c < 3; c++) {
          png.data[target + c] = bytes[pixel * channels + (channels === 3 ? c : 0)]!;
        }
      }
    }
  }
  return PNG.sync.write(png);
}

function isCount(value: number, least: number): boolean {
  return Number.isInteger(value) && value >= least;
}
