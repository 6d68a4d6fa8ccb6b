/**
 * Counter-based random numbers: every call is a pure function of (seed, stream, index), so a
 * resumed run draws what an uninterrupted one would have drawn, and no state has to be saved.
 * `index` is the number of the sample (or of the iteration) that the numbers belong to.
 */
export interface Rng {
  readonly seed: number;
  /** `count` standard normals. */
  normal(stream: string, index: number, count: number): Float32Array;
  /** `count` uniforms in [0, 1). */
  uniform(stream: string, index: number, count: number): Float32Array;
  /** `count` integers in [0, bound). */
  integers(stream: string, index: number, count: number, bound: number): Int32Array;
}

/** The same numbers in streams of their own: stream `name` is that of `${prefix}/${name}`. */
export function streamsUnder(rng: Rng, prefix: string): Rng {
  const own = (stream: string): string => `${prefix}/${stream}`;
  return {
    seed: rng.seed,
    normal: (stream, index, count) => rng.normal(own(stream), index, count),
    uniform: (stream, index, count) => rng.uniform(own(stream), index, count),
    integers: (stream, index, count, bound) => rng.integers(own(stream), index, count, bound),
  };
}
