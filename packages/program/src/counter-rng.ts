import { xoroshiro128plusFromState } from 'pure-rand/generator/xoroshiro128plus';
import type { Rng } from './rng';

const TWO_PI = 2 * Math.PI;
/** Words drawn and dropped first: states that differ in few bits drift apart. */
const WARM_UP = 4;

/**
 * Random numbers as a pure function of (seed, stream, index): a hash of the three is the state of a
 * xoroshiro128+ generator (pure-rand), whose numbers are the draws. Nothing has to be saved to go on.
 * The first k numbers of a longer draw are those of a shorter one, on every platform.
 *
 * @param seed An integer from 0.
 * @throws RangeError when the seed, an index or a bound is no such integer.
 */
export function createRng(seed: number): Rng {
  checkCounter('A seed', seed);
  return {
    seed,
    normal: (stream, index, count) => normals(wordSource(seed, stream, index), count),
    uniform: (stream, index, count) => {
      const word = wordSource(seed, stream, index);
      const result = new Float32Array(count);
      // 24 bits: every result is exact in float32 and below 1.
      for (let i = 0; i < count; i++) result[i] = (word() >>> 8) / 0x1000000;
      return result;
    },
    integers: (stream, index, count, bound) => {
      if (!Number.isInteger(bound) || bound < 1 || bound > 0x80000000) {
        throw new RangeError(`Integers are drawn below a bound from 1 to 2^31, not ${bound}.`);
      }
      const word = wordSource(seed, stream, index);
      // Words beyond the last whole multiple would favour small numbers.
      const limit = 0x100000000 - (0x100000000 % bound);
      const result = new Int32Array(count);
      for (let i = 0; i < count; i++) {
        // The lowest bits of xoroshiro128+ follow a linear rule, which the mixing breaks.
        let drawn = mix(word()) >>> 0;
        while (drawn >= limit) drawn = mix(word()) >>> 0;
        result[i] = drawn % bound;
      }
      return result;
    },
  };
}

function checkCounter(what: string, value: number): void {
  if (!Number.isSafeInteger(value) || value < 0) {
    throw new RangeError(`${what} is an integer from 0 to 2^53 - 1, not ${value}.`);
  }
}

/** Box-Muller in double precision: pairs of independent normals from pairs of uniforms. */
function normals(word: () => number, count: number): Float32Array {
  const result = new Float32Array(count);
  for (let i = 0; i < count; i += 2) {
    // In (0, 1], so that the logarithm is finite.
    const radius = Math.sqrt(-2 * Math.log(((word() >>> 0) + 1) / 0x100000000));
    const angle = TWO_PI * ((word() >>> 0) / 0x100000000);
    result[i] = radius * Math.cos(angle);
    if (i + 1 < count) result[i + 1] = radius * Math.sin(angle);
  }
  return result;
}

/** 32-bit words (as signed integers) of a stream's `index`. */
function wordSource(seed: number, stream: string, index: number): () => number {
  checkCounter('An index of random numbers', index);
  let hash = mix(0x9e3779b9 ^ seed);
  hash = mix(hash ^ Math.floor(seed / 0x100000000));
  for (let i = 0; i < stream.length; i++) hash = mix(hash ^ stream.charCodeAt(i));
  hash = mix(hash ^ stream.length);
  const low = index >>> 0;
  const high = Math.floor(index / 0x100000000);
  const state = [0x243f6a88, 0x85a308d3, 0x13198a2e, 0x03707344].map((salt) =>
    mix(mix(mix(hash ^ salt) ^ low) ^ (high + salt)),
  );
  const generator = xoroshiro128plusFromState(state);
  for (let i = 0; i < WARM_UP; i++) generator.next();
  return () => generator.next();
}

/** The finaliser of MurmurHash3: every input bit changes every output bit with probability ½. */
function mix(value: number): number {
  let h = value | 0;
  h = Math.imul(h ^ (h >>> 16), 0x85ebca6b);
  h = Math.imul(h ^ (h >>> 13), 0xc2b2ae35);
  return h ^ (h >>> 16);
}
