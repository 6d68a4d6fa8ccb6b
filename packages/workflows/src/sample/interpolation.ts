import type { Rng } from '@ar-distill/program';

/**
 * Noise on the way from that of seed `from` to that of seed `to`: of `steps` samples, sample i is
 * i / (steps − 1) of the way along the great circle through both noise vectors (slerp), so that every
 * step is as likely as noise that was drawn. The first and the last sample are those of the two seeds.
 */
export function interpolatedNoise(from: Rng, to: Rng, steps: number): Rng {
  const mix = (i: number, a: Float32Array, b: Float32Array): Float32Array =>
    slerp(a, b, steps > 1 ? i / (steps - 1) : 0);
  return {
    seed: from.seed,
    normal: (stream, index, count) =>
      mix(index, from.normal(stream, 0, count), to.normal(stream, 0, count)),
    // Nothing lies between two tokens: draws of those stay with the first seed.
    uniform: (stream, _index, count) => from.uniform(stream, 0, count),
    integers: (stream, _index, count, bound) => from.integers(stream, 0, count, bound),
  };
}

/** Spherical interpolation of two vectors of any length; linear where they are nearly parallel. */
export function slerp(a: Float32Array, b: Float32Array, share: number): Float32Array {
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
