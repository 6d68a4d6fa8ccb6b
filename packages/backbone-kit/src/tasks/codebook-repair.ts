import { float32, type HostTensor, type HostTensors, type Rng } from '@ar-distill/program';

/** A code used less than this fraction of the mean is moved. */
const DEAD_FRACTION = 0.02;
/** Size of what is added to a vector, over the size of the vectors. */
const SHAKE = 0.02;
const STREAM = 'codebook-repair';

/** Names of the parameters that the repair reads, and what it knows of them. */
export interface CodebookNames {
  /** The codes [V, C]. */
  readonly codebook: string;
  /** Moving average of how often each code is used, [V], or [S, V] for each of S uses apart. */
  readonly hits: string;
  /** Vectors that the last batch quantised, one per code: where unused codes go, [V, C]. */
  readonly samples: string;
  /** Root mean square of the samples' channels, where it is known beforehand; measured otherwise. */
  readonly sampleSize?: number;
}

/**
 * Moves codes that are hardly used to vectors that the encoder produced lately, slightly shaken, so
 * that two codes at one vector part. Returns the parameters that change.
 * @throws Error when one of the named parameters is missing.
 */
export function moveDeadCodes(
  names: CodebookNames,
  parameters: Readonly<HostTensors>,
  rng: Rng,
  iteration: number,
): HostTensors {
  const codebook = parameters[names.codebook];
  const hits = parameters[names.hits];
  const samples = parameters[names.samples];
  if (!codebook || !hits || !samples) {
    throw new Error(
      `Codebook repair needs "${names.codebook}", "${names.hits}" and "${names.samples}".`,
    );
  }
  const [vocabSize, channels] = codebook.shape as [number, number];
  const uses = hits.data.length / vocabSize;
  const usage = Float64Array.from({ length: vocabSize }, (_, code) => {
    let sum = 0;
    for (let use = 0; use < uses; use++) sum += hits.data[use * vocabSize + code]!;
    return sum;
  });
  const meanUsage = usage.reduce((sum, count) => sum + count, 0) / vocabSize;
  const dead = [...usage.keys()].filter((code) => usage[code]! < DEAD_FRACTION * meanUsage);
  if (dead.length === 0) return {};

  const vectors = Float32Array.from(codebook.data);
  const counts = Float32Array.from(hits.data);
  const sources = rng.integers(STREAM, iteration, dead.length, vocabSize);
  const noise = rng.normal(STREAM, iteration, dead.length * channels);
  const shake = SHAKE * (names.sampleSize ?? rootMeanSquare(samples));
  for (const [i, code] of dead.entries()) {
    for (let c = 0; c < channels; c++) {
      const source = samples.data[sources[i]! * channels + c]!;
      vectors[code * channels + c] = source + shake * noise[i * channels + c]!;
    }
    // A fresh start: the code gets the time of a moving average to prove itself.
    for (let use = 0; use < uses; use++) counts[use * vocabSize + code] = meanUsage / uses;
  }
  return {
    [names.codebook]: float32(codebook.shape, vectors),
    [names.hits]: float32(hits.shape, counts),
  };
}

function rootMeanSquare(values: HostTensor): number {
  let sum = 0;
  for (const value of values.data) sum += value * value;
  return Math.sqrt(sum / values.data.length);
}
