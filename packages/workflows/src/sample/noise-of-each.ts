import type { Rng } from '@ar-distill/program';

/**
 * Noise of samples that have a source each: sample i draws as sample 0 of `sources[i]`. Those behind the
 * last one begin again; they only fill up a batch.
 */
export function noiseOfEach(sources: readonly [Rng, ...Rng[]]): Rng {
  const of = (sample: number): Rng => sources[sample % sources.length]!;
  return {
    seed: sources[0].seed,
    normal: (stream, sample, count) => of(sample).normal(stream, 0, count),
    uniform: (stream, sample, count) => of(sample).uniform(stream, 0, count),
    integers: (stream, sample, count, bound) => of(sample).integers(stream, 0, count, bound),
  };
}
