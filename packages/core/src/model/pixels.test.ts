import { bytesOfPixels, pixelsOfBytes } from './pixels';

describe('pixels', () => {
  it('round to the nearest byte, and are clipped to black and white', () => {
    const pixels = Float32Array.of(-1, -0.5, 0, 0.5, 1, -3, 7, NaN);
    expect([...bytesOfPixels(pixels)]).toEqual([0, 64, 128, 191, 255, 0, 255, 0]);
  });

  it('come back as the bytes that they were made of', () => {
    const bytes = Uint8Array.from({ length: 256 }, (_, i) => i);
    const pixels = pixelsOfBytes(bytes);
    expect([pixels[0], pixels[51], pixels[255]]).toEqual([-1, Math.fround(-0.6), 1]);
    expect(bytesOfPixels(pixels)).toEqual(bytes);
  });
});
