import type { DrawnImages } from './messages';

/** Shows one of the images on a canvas, pixel by pixel; the style sheet makes it larger. */
export function paint(
  canvas: HTMLCanvasElement,
  { pixels, height, width, channels }: Omit<DrawnImages, 'milliseconds'>,
  index = 0,
): void {
  const context = canvas.getContext('2d')!;
  if (canvas.width !== width) canvas.width = width;
  if (canvas.height !== height) canvas.height = height;
  const image = context.createImageData(width, height);
  const first = index * height * width * channels;
  for (let i = 0; i < height * width; i++) {
    for (let colour = 0; colour < 3; colour++) {
      image.data[4 * i + colour] = pixels[first + i * channels + Math.min(colour, channels - 1)]!;
    }
    image.data[4 * i + 3] = 255;
  }
  context.putImageData(image, 0, 0);
}
