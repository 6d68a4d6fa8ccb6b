import { createHash } from 'node:crypto';
import type { InitializerNoise } from '@ar-distill/nn';
import { elementCount, float32, type HostTensor, int32 } from '@ar-distill/program';

/** Reproducible numbers: every stream is seeded by its name. */
export const noise: InitializerNoise = {
  uniform: (stream, index, count) => {
    const next = generator(`${stream}#${index}`);
    return Float32Array.from({ length: count }, next);
  },
  normal: (stream, index, count) => {
    const next = generator(`${stream}#${index}`);
    return Float32Array.from(
      { length: count },
      () => Math.sqrt(-2 * Math.log(1 - next())) * Math.cos(2 * Math.PI * next()),
    );
  },
};

/** Standard normals of that shape. */
export function normalTensor(stream: string, shape: readonly number[]): HostTensor {
  return float32(shape, noise.normal(stream, 0, elementCount(shape)));
}

/** Integers in [0, bound) of that shape. */
export function integerTensor(stream: string, shape: readonly number[], bound: number): HostTensor {
  const uniforms = noise.uniform(stream, 0, elementCount(shape));
  return int32(
    shape,
    Int32Array.from(uniforms, (u) => Math.floor(u * bound)),
  );
}

/** Mulberry32: uniforms in [0, 1) with 32 bits of state. */
function generator(seed: string): () => number {
  let state = createHash('sha256').update(seed).digest().readUInt32LE();
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    // 24 bits: more would round to 1 in single precision.
    return ((mixed ^ (mixed >>> 14)) >>> 8) / 2 ** 24;
  };
}
