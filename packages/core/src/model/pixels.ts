/** Pixels in [−1, 1], as networks read and give them, as bytes 0 … 255; what lies outside is clipped. */
export function bytesOfPixels(pixels: Float32Array): Uint8Array {
  // Uint8ClampedArray rounds to nearest and clips, and turns NaN into 0.
  const clamped = Uint8ClampedArray.from(pixels, (value) => (value + 1) * 127.5);
  return new Uint8Array(clamped.buffer);
}

/** Bytes 0 … 255 as pixels in [−1, 1]. */
export function pixelsOfBytes(bytes: Uint8Array): Float32Array {
  return Float32Array.from(bytes, (value) => value / 127.5 - 1);
}
