import type { Metric } from '@ar-distill/core';
import { noiseBetween } from '@ar-distill/core/sampling';
import { type HostTensor, type Rng, streamsUnder } from '@ar-distill/program';

/** How a path length is shown. */
export const PATH_LENGTH = {
  name: 'path-length',
  title: 'path length',
  summary:
    'mean squared change of the images, as a feature network sees them, over the squared step between two noises',
  unit: 'number',
  decimals: 2,
  better: 'lower',
} as const satisfies Omit<Metric, 'needs' | 'compute'>;

/** Squared distances of `from` to `to`, both [B, …], row by row; row b is of pair firstPair + b. */
export type PairDistances = (
  from: HostTensor,
  to: HostTensor,
  firstPair: number,
) => Promise<Float64Array>;

/** Whose path length is measured, and how. */
export interface PathLengthOptions {
  /**
   * What samples `first`, first + 1, … of `pairs` are with the noise of `noise`, [B, …] with B from 1 on.
   * Sample i reads noise of index i alone, and nothing else of it changes between two calls.
   */
  generate(noise: Rng, first: number): Promise<HostTensor>;
  readonly distances: PairDistances;
  readonly pairs: number;
  /** Source of the ways and of the places on them. */
  readonly rng: Rng;
  /** Distance δ of the two places of a pair, as a share of the way; default 1e-3. */
  readonly delta?: number;
}

/**
 * Path length in noise space of a generator G, E[d(G(t), G(t + δ)) / δ²] (StyleGAN's perceptual path length,
 * arXiv 1812.04948, appendix C): t is uniform in [0, 1) on the great circle through the noise of two samples.
 */
export async function pathLength({
  generate,
  distances,
  pairs,
  rng,
  delta = 1e-3,
}: PathLengthOptions): Promise<number> {
  const from = streamsUnder(rng, 'path/from');
  const to = streamsUnder(rng, 'path/to');
  const at = (offset: number): Rng =>
    noiseBetween(from, to, (index) => ({
      index,
      share: rng.uniform('path/share', index, 1)[0]! + offset,
    }));
  let sum = 0;
  for (let first = 0; first < pairs;) {
    const start = await generate(at(0), first);
    const end = await generate(at(delta), first);
    const squares = await distances(start, end, first);
    for (let i = 0; i < squares.length; i++) sum += squares[i]!;
    first += squares.length;
  }
  return sum / (pairs * delta ** 2);
}
