/** Largest float32 bit pattern (without sign) that rounds to a finite float16: just below 65520. */
const LARGEST_ROUNDED = 0x477fefff;
/** Bit pattern of 2⁻¹⁴, the smallest normal float16. */
const SMALLEST_NORMAL = 0x38800000;
const INFINITY_BITS = 0x7f800000;

/**
 * float32 values as IEEE float16 bit patterns, rounded to nearest, ties to even.
 * @throws RangeError when a finite value is too large: it would become infinite.
 */
export function float32ToFloat16(values: Float32Array): Uint16Array {
  const bits = new Uint32Array(values.buffer, values.byteOffset, values.length);
  const halves = new Uint16Array(values.length);
  for (let i = 0; i < values.length; i++) halves[i] = encode(bits[i]!, values[i]!);
  return halves;
}

function encode(bits: number, value: number): number {
  const sign = (bits >>> 16) & 0x8000;
  const magnitude = bits & 0x7fffffff;
  if (magnitude > INFINITY_BITS) return sign | 0x7e00;
  if (magnitude === INFINITY_BITS) return sign | 0x7c00;
  if (magnitude > LARGEST_ROUNDED) {
    throw new RangeError(`${value} is too large for half precision (65504 at most).`);
  }
  if (magnitude < SMALLEST_NORMAL) return sign | roundToEven(Math.abs(value) * 2 ** 24);
  return sign | ((magnitude - 0x38000000 + 0xfff + ((magnitude >>> 13) & 1)) >>> 13);
}

function roundToEven(value: number): number {
  const floor = Math.floor(value);
  const rest = value - floor;
  return rest > 0.5 || (rest === 0.5 && floor % 2 === 1) ? floor + 1 : floor;
}
