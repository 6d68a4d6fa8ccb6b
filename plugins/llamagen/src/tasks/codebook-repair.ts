import type { Rng } from '@ar-distill/core';
import { float32, type HostTensors } from '@ar-distill/nn';
import { CODEBOOK } from '../tokenizer/quantizer';

/** Moving average of how often each code is used, [V]. */
export const HITS = 'quantize.code_hits';
/** Unit features that the last batch quantised, one per code: where unused codes go, [V, C]. */
export const FEATURES = 'quantize.feature_samples';

/** A code used less than this fraction of the mean is moved. */
const DEAD_FRACTION = 0.02;
/** Standard deviation of what is added to a unit feature, over all channels together. */
const SHAKE = 0.02;

/**
 * Moves codes that are hardly used to features that the encoder produced lately, slightly shaken, so
 * that two codes at one feature part. Returns the parameters that change.
 */
export function moveDeadCodes(
  parameters: Readonly<HostTensors>,
  rng: Rng,
  iteration: number,
): HostTensors {
  const { [CODEBOOK]: codebook, [HITS]: hits, [FEATURES]: features } = parameters;
  if (!codebook || !hits || !features) {
    throw new Error(`Codebook repair needs "${CODEBOOK}", "${HITS}" and "${FEATURES}".`);
  }
  const [vocabSize, channels] = codebook.shape as [number, number];
  const counts = Float32Array.from(hits.data);
  const meanUsage = counts.reduce((sum, count) => sum + count, 0) / vocabSize;
  const dead = [...counts.keys()].filter((code) => counts[code]! < DEAD_FRACTION * meanUsage);
  if (dead.length === 0) return {};

  const vectors = Float32Array.from(codebook.data);
  const sources = rng.integers('codebook-repair', iteration, dead.length, vocabSize);
  const noise = rng.normal('codebook-repair', iteration, dead.length * channels);
  for (const [i, code] of dead.entries()) {
    for (let c = 0; c < channels; c++) {
      const source = features.data[sources[i]! * channels + c]!;
      vectors[code * channels + c] = source + (SHAKE / channels ** 0.5) * noise[i * channels + c]!;
    }
    // A fresh start: the code gets the time of a moving average to prove itself.
    counts[code] = meanUsage;
  }
  return { [CODEBOOK]: float32(codebook.shape, vectors), [HITS]: float32(hits.shape, counts) };
}
