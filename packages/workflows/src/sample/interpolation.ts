import { noiseBetween } from '@ar-distill/core/sampling';
import type { Rng } from '@ar-distill/program';

/**
 * Noise on the way from that of seed `from` to that of seed `to`: of `steps` samples, sample i is
 * i / (steps − 1) of the way, see `noiseBetween`. The first and the last sample are those of the two seeds.
 */
export function interpolatedNoise(from: Rng, to: Rng, steps: number): Rng {
  return noiseBetween(from, to, (i) => ({ index: 0, share: steps > 1 ? i / (steps - 1) : 0 }));
}
