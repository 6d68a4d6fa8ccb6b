/** Values in [−1, 1] as bytes 0 … 255, rounded; what lies outside is clipped. */
export function toBytes(values: Float32Array): Uint8Array {
  // Uint8ClampedArray rounds to nearest and clips, and turns NaN into 0.
  const clamped = Uint8ClampedArray.from(values, (value) => (value + 1) * 127.5);
  return new Uint8Array(clamped.buffer);
}

/** Bytes 0 … 255 as values in [−1, 1]. */
export function fromBytes(bytes: Uint8Array): Float32Array {
  return Float32Array.from(bytes, (value) => value / 127.5 - 1);
}
