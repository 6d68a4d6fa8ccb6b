import { float32ToFloat16 } from '@ar-distill/program';
import { Float16Array } from '@petamoriken/float16';
import {
  decodeElements,
  dtypeOf,
  elementSize,
  type ElementType,
  nonFiniteCount,
} from './element-types';

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

  it.each(['F16', 'BF16'] as const)('count what is not finite of all 65,536 %s', (type) => {
    const values = decodeElements(type, bytesOf(ALL_HALVES));
    const expected = values.filter((value) => !Number.isFinite(value)).length;
    expect(expected).toBe(type === 'F16' ? 2 * 1024 : 2 * 128);
    expect(nonFiniteCount(type, bytesOf(ALL_HALVES))).toBe(expected);
  });

  it.each<[ElementType, ArrayBufferView, number]>([
    ['F32', Float32Array.of(NaN, 1, -Infinity, 3.4e38, -0, 1e-45), 2],
    // A double that is no float32 becomes infinite.
    ['F64', Float64Array.of(NaN, 1, Infinity, 1e300, 3e38), 3],
    ['I64', BigInt64Array.of(-1n, 0x7ff0000000000000n), 0],
    ['I32', Int32Array.of(0x7f800000, -1), 0],
    ['U8', Uint8Array.of(255, 127), 0],
    ['F32', new Float32Array(), 0],
  ])('count what is not finite of %s', (type, values, count) => {
    expect(nonFiniteCount(type, bytesOf(values))).toBe(count);
  });

  it('keep the payload of every NaN that is a half, signalling ones too', () => {
    const bits = new Uint32Array(decodeElements('F16', bytesOf(ALL_HALVES)).buffer);
    const nans = [...ALL_HALVES].filter((half) => (half & 0x7fff) > 0x7c00);
    expect(nans).toHaveLength(2046);
    const wrong = nans.filter(
      (half) => bits[half] !== (half & 0x8000) * 0x10000 + 0x7f800000 + (half & 0x3ff) * 0x2000,
    );
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

  it("rounds like a library's half floats: all exponents, random and tied mantissas", () => {
    let state = 1;
    const random = (): number => (state = (Math.imul(state, 1664525) + 1013904223) >>> 0);
    // Every sign and exponent with mantissas that are random, tied, and one away from a tie.
    const patterns = Array.from({ length: 512 }, (_, upper) => upper * 2 ** 23).flatMap((upper) =>
      Array.from({ length: 64 }, () => random() >>> 9).flatMap((mantissa) => {
        const tie = (mantissa & 0x7fe000) | 0x1000;
        return [mantissa, tie - 1, tie, tie + 1].map((lower) => upper + lower);
      }),
    );
    const values = new Float32Array(Uint32Array.from(patterns).buffer).filter(
      (value) => Math.abs(value) < 65520,
    );
    expect(values.length).toBeGreaterThan(70_000);
    const expected = new Uint16Array(Float16Array.from(values).buffer);
    const encoded = float32ToFloat16(values);
    expect(values.filter((_, i) => encoded[i] !== expected[i])).toEqual(new Float32Array(0));
  });

  it('writes one NaN per sign, whatever its payload', () => {
    const payloads = Uint32Array.of(0x7f800001, 0x7fc00000, 0x7fffffff, 0xff800001, 0xffc12345);
    expect([...float32ToFloat16(new Float32Array(payloads.buffer))]).toEqual([
      0x7e00, 0x7e00, 0x7e00, 0xfe00, 0xfe00,
    ]);
  });

  it('refuses finite values that would become infinite', () => {
    expect(() => float32ToFloat16(Float32Array.of(65520))).toThrow('too large for half precision');
    expect([...float32ToFloat16(Float32Array.of(-Infinity))]).toEqual([0xfc00]);
  });
});
