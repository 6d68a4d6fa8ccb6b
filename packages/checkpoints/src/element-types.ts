import type { Dtype } from '@ar-distill/program';
import { allocateBytes } from './files/allocate';

/** Element types that files hold, by the names that safetensors gives them. */
export type ElementType =
  'F64' | 'F32' | 'F16' | 'BF16' | 'I64' | 'I32' | 'I16' | 'I8' | 'U8' | 'BOOL';

interface ElementFormat {
  /** Bytes per element. */
  readonly size: number;
  /** What the elements become in memory. */
  readonly dtype: Dtype;
  /** Little-endian bytes, at an offset that is a multiple of `size`, to values. */
  decode(bytes: Uint8Array): Float32Array | Int32Array;
}

// Typed arrays have the byte order of the machine; every platform that ONNX Runtime or Node's
// official builds for machine learning run on is little-endian, as both file formats are.
const words = (bytes: Uint8Array): Uint16Array =>
  new Uint16Array(bytes.buffer, bytes.byteOffset, bytes.byteLength / 2);
const integers = (bytes: Uint8Array): Int32Array =>
  new Int32Array(bytes.buffer, bytes.byteOffset, bytes.byteLength / 4);

const FORMATS: Readonly<Record<ElementType, ElementFormat>> = {
  F64: {
    size: 8,
    dtype: 'float32',
    decode: (bytes) =>
      new Float32Array(new Float64Array(bytes.buffer, bytes.byteOffset, bytes.byteLength / 8)),
  },
  F32: {
    size: 4,
    dtype: 'float32',
    decode: (bytes) => new Float32Array(bytes.buffer, bytes.byteOffset, bytes.byteLength / 4),
  },
  F16: { size: 2, dtype: 'float32', decode: (bytes) => float16ToFloat32(words(bytes)) },
  BF16: { size: 2, dtype: 'float32', decode: (bytes) => bfloat16ToFloat32(words(bytes)) },
  I64: { size: 8, dtype: 'int32', decode: (bytes) => narrowInt64(integers(bytes)) },
  I32: { size: 4, dtype: 'int32', decode: integers },
  I16: {
    size: 2,
    dtype: 'int32',
    decode: (bytes) =>
      new Int32Array(new Int16Array(bytes.buffer, bytes.byteOffset, bytes.byteLength / 2)),
  },
  I8: {
    size: 1,
    dtype: 'int32',
    decode: (bytes) =>
      new Int32Array(new Int8Array(bytes.buffer, bytes.byteOffset, bytes.byteLength)),
  },
  U8: { size: 1, dtype: 'int32', decode: (bytes) => new Int32Array(bytes) },
  BOOL: { size: 1, dtype: 'int32', decode: (bytes) => new Int32Array(bytes) },
};

/** True for an element type that is read. */
export function isElementType(name: string): name is ElementType {
  return Object.hasOwn(FORMATS, name);
}

/** All element types that are read. */
export const ELEMENT_TYPES: readonly string[] = Object.keys(FORMATS);

/** Bytes per element. */
export function elementSize(type: ElementType): number {
  return FORMATS[type].size;
}

/** The element type in memory: every float becomes float32, every integer and flag int32. */
export function dtypeOf(type: ElementType): Dtype {
  return FORMATS[type].dtype;
}

/**
 * Little-endian bytes as values. F32 and I32 share the memory of `bytes`, all others are copied.
 * F16 and BF16 are exact; F64 is rounded to the nearest float32.
 * @throws RangeError when a 64-bit integer does not fit into 32 bits.
 */
export function decodeElements(type: ElementType, bytes: Uint8Array): Float32Array | Int32Array {
  return FORMATS[type].decode(bytes);
}

/** The exponents of floating-point types, whose bits are all ones in what is not finite. */
const EXPONENTS: Partial<Record<ElementType, number>> = {
  F32: 0x7f800000,
  F16: 0x7c00,
  BF16: 0x7f80,
};

/**
 * How many of the values in little-endian bytes, at an offset that is a multiple of their size, are NaN or
 * infinite. Doubles are counted as the float32 that they become; integers and flags are always finite.
 */
export function nonFiniteCount(type: ElementType, bytes: Uint8Array): number {
  if (type === 'F64') {
    const { buffer, byteOffset, byteLength } = decodeElements(type, bytes);
    return nonFiniteCount('F32', new Uint8Array(buffer, byteOffset, byteLength));
  }
  const exponent = EXPONENTS[type];
  if (exponent === undefined) return 0;
  const elements = elementSize(type) === 4 ? integers(bytes) : words(bytes);
  let count = 0;
  for (let i = 0; i < elements.length; i++) if ((elements[i]! & exponent) === exponent) count++;
  return count;
}

/** IEEE 754 half precision to float32, bit by bit, so that NaN payloads and −0 survive. */
function float16ToFloat32(halves: Uint16Array): Float32Array {
  const bits = uint32(halves.length);
  for (let i = 0; i < halves.length; i++) {
    const half = halves[i]!;
    const sign = (half & 0x8000) << 16;
    const exponent = (half >>> 10) & 0x1f;
    const mantissa = half & 0x3ff;
    let magnitude: number;
    if (exponent === 0x1f) {
      magnitude = 0x7f800000 | (mantissa << 13);
    } else if (exponent > 0) {
      magnitude = ((exponent + 112) << 23) | (mantissa << 13);
    } else if (mantissa === 0) {
      magnitude = 0;
    } else {
      // Subnormal halves are normal float32: shift the leading one to the hidden bit.
      const shift = Math.clz32(mantissa) - 21;
      magnitude = ((113 - shift) << 23) | (((mantissa << shift) & 0x3ff) << 13);
    }
    bits[i] = sign | magnitude;
  }
  return new Float32Array(bits.buffer);
}

function uint32(length: number): Uint32Array {
  const { buffer } = allocateBytes(4 * length);
  return new Uint32Array(buffer);
}

/** bfloat16 is the upper half of a float32. */
function bfloat16ToFloat32(halves: Uint16Array): Float32Array {
  const bits = uint32(halves.length);
  for (let i = 0; i < halves.length; i++) bits[i] = halves[i]! << 16;
  return new Float32Array(bits.buffer);
}

/** 64-bit integers, given as pairs of words (low, high), to 32 bits. */
function narrowInt64(pairs: Int32Array): Int32Array {
  const values = new Int32Array(pairs.length / 2);
  for (let i = 0; i < values.length; i++) {
    const low = pairs[2 * i]!;
    if (pairs[2 * i + 1] !== low >> 31) {
      throw new RangeError('a 64-bit integer does not fit into 32 bits');
    }
    values[i] = low;
  }
  return values;
}
