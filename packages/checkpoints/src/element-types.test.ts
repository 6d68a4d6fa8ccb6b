import { decodeElements, dtypeOf, elementSize, type ElementType } from './element-types';
import { float32ToFloat16 } from './float16';

const ALL_HALVES = Uint16Array.from({ length: 65536 }, (_, bits) => bits);
const bytesOf = (values: ArrayBufferView): Uint8Array =>
  new Uint8Array(values.buffer, values.byteOffset, values.byteLength);

/** The definition of IEEE 754 binary16. */
function half(bits: number): number {
  const sign = bits & 0x8000 ? -1 : 1;
  const exponent = (bits >> 10) & 0x1f;
  const fraction = (bits & 0x3ff) / 1024;
  if (exponent === 31) return fraction === 0 ? sign * Infinity : NaN;
  return exponent === 0 ? sign * fraction * 2 ** -14 : sign * (1 + fraction) * 2 ** (exponent - 15);
}

describe('element types', () => {
  it('decode all 65,536 halves exactly', () => {
    const decoded = decodeElements('F16', bytesOf(ALL_HALVES));
    const wrong = [...ALL_HALVES].filter((bits, i) => !Object.is(decoded[i], half(bits)));
    expect(wrong).toEqual([]);
  });

  it('decode all 65,536 bfloat16 to the float32 with the same upper bits', () => {
    const decoded = decodeElements('BF16', bytesOf(ALL_HALVES));
    const bits = new Uint32Array(decoded.buffer);
    expect(bits.every((pattern, i) => pattern === ALL_HALVES[i]! * 65536)).toBe(true);
    expect(decoded[0x0001]).toBe(2 ** -133);
    expect(decoded[0xff80]).toBe(-Infinity);
    expect(decoded[0x3f80]).toBe(1);
  });

  it('narrow 64-bit integers to 32 bits, and refuse those that do not fit', () => {
    const extremes = BigInt64Array.of(0n, -1n, 2n ** 31n - 1n, -(2n ** 31n));
    expect([...decodeElements('I64', bytesOf(extremes))]).toEqual([0, -1, 2147483647, -2147483648]);
    for (const tooLarge of [2n ** 31n, -(2n ** 31n) - 1n, 2n ** 32n]) {
      expect(() => decodeElements('I64', bytesOf(BigInt64Array.of(tooLarge)))).toThrow(RangeError);
    }
  });

  it.each<[ElementType, ArrayBufferView, readonly number[]]>([
    ['F64', Float64Array.of(0.1, -1e-300), [Math.fround(0.1), -0]],
    ['F32', Float32Array.of(1.5, -0), [1.5, -0]],
    ['I32', Int32Array.of(-7, 8), [-7, 8]],
    ['I16', Int16Array.of(-7, 8), [-7, 8]],
    ['I8', Int8Array.of(-7, 8), [-7, 8]],
    ['U8', Uint8Array.of(255, 8), [255, 8]],
    ['BOOL', Uint8Array.of(1, 0), [1, 0]],
  ])('decode %s', (type, source, expected) => {
    const decoded = decodeElements(type, bytesOf(source));
    expect([...decoded]).toEqual(expected);
    expect(decoded instanceof Float32Array ? 'float32' : 'int32').toBe(dtypeOf(type));
    expect(source.byteLength).toBe(2 * elementSize(type));
  });
});

describe('float32ToFloat16', () => {
  it('gives every half back', () => {
    const decoded = decodeElements('F16', bytesOf(ALL_HALVES)) as Float32Array;
    const encoded = float32ToFloat16(decoded);
    const wrong = [...ALL_HALVES].filter(
      (bits, i) => !Number.isNaN(decoded[i]) && encoded[i] !== bits,
    );
    expect(wrong).toEqual([]);
    expect(encoded[0x7e01]).toBe(0x7e00);
  });

  it('rounds to the nearest half, ties to even', () => {
    const step = 2 ** -10;
    const values = [1 + step / 2, 1 + 1.5 * step, 1 + 0.51 * step, 2 ** -25, 1.5 * 2 ** -24, 65519];
    expect([...float32ToFloat16(Float32Array.from(values))]).toEqual([
      0x3c00, 0x3c02, 0x3c01, 0, 2, 0x7bff,
    ]);
  });

  it('refuses finite values that would become infinite', () => {
    expect(() => float32ToFloat16(Float32Array.of(65520))).toThrow('too large for half precision');
    expect([...float32ToFloat16(Float32Array.of(-Infinity))]).toEqual([0xfc00]);
  });
});
