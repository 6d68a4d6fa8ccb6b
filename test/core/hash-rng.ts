import type { Rng } from '@ar-distill/program';

/** A small counter-based generator: good enough for tests, and independent of the product's own. */
export function hashRng(seed: number): Rng {
  const uniform = (stream: string, index: number, count: number): Float32Array => {
    let state = seed ^ (index * 0x9e3779b1);
    for (const character of stream) state = Math.imul(state ^ character.charCodeAt(0), 0x01000193);
    return Float32Array.from({ length: count }, () => {
      // mulberry32
      state = (state + 0x6d2b79f5) | 0;
      let mixed = Math.imul(state ^ (state >>> 15), state | 1);
      mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
      return ((mixed ^ (mixed >>> 14)) >>> 8) / 2 ** 24;
    });
  };
  return {
    seed,
    uniform,
    normal: (stream, index, count) => {
      const u = uniform(stream, index, 2 * count);
      return Float32Array.from(
        { length: count },
        (_, i) => Math.sqrt(-2 * Math.log(1 - u[2 * i]!)) * Math.cos(2 * Math.PI * u[2 * i + 1]!),
      );
    },
    integers: (stream, index, count, bound) =>
      Int32Array.from(uniform(stream, index, count), (u) => Math.floor(u * bound)),
  };
}
