import type { Rng } from '@ar-distill/program';

/** Where a sample's noise lies. */
export interface NoisePlace {
  /** Number of the sample of both sources whose noise it lies between. */
  readonly index: number;
  /** Share of the way, 0 at the first source and 1 at the second. */
  readonly share: number;
}

/**
 * Noise on the great circle through that of two sources (slerp), so that every place is as likely as noise
 * that was drawn: sample i lies at `place(i)`.
 */
export function noiseBetween(from: Rng, to: Rng, place: (sample: number) => NoisePlace): Rng {
  return {
    seed: from.seed,
    normal: (stream, sample, count) => {
      const { index, share } = place(sample);
      return slerp(from.normal(stream, index, count), to.normal(stream, index, count), share);
    },
    // Nothing lies between two tokens: draws of those stay with the first source.
    uniform: (stream, sample, count) => from.uniform(stream, place(sample).index, count),
    integers: (stream, sample, count, bound) =>
      from.integers(stream, place(sample).index, count, bound),
  };
}

/** Spherical interpolation of two vectors of any length; linear where they are nearly parallel. */
function slerp(a: Float32Array, b: Float32Array, share: number): Float32Array {
  let dot = 0;
  let squareA = 0;
  let squareB = 0;
  for (let i = 0; i < a.length; i++) {
    dot += a[i]! * b[i]!;
    squareA += a[i]! ** 2;
    squareB += b[i]! ** 2;
  }
  const cosine = Math.min(1, Math.max(-1, dot / Math.sqrt(squareA * squareB)));
  const angle = Math.acos(cosine);
  const sine = Math.sin(angle);
  const isParallel = !(sine > 1e-6);
  const shareA = isParallel ? 1 - share : Math.sin((1 - share) * angle) / sine;
  const shareB = isParallel ? share : Math.sin(share * angle) / sine;
  return a.map((value, i) => shareA * value + shareB * b[i]!);
}
