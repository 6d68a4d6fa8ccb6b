import { float32, type HostTensor, int32, type Rng } from '@ar-distill/program';

/**
 * Standard normals [count, …shape] for consecutive samples. Sample s draws from (stream, s) alone, so
 * it gets the same noise whatever the batch size is.
 */
export function drawNoise(
  rng: Rng,
  stream: string,
  firstSample: number,
  count: number,
  shape: readonly number[],
): HostTensor {
  return perSample(count, shape, (sample, size) => rng.normal(stream, firstSample + sample, size));
}

/** Timesteps [count, …shape], uniform on [tMin, 1], drawn sample by sample. */
export function drawTimesteps(
  rng: Rng,
  stream: string,
  firstSample: number,
  count: number,
  shape: readonly number[],
  tMin: number,
): HostTensor {
  return perSample(count, shape, (sample, size) =>
    rng.uniform(stream, firstSample + sample, size).map((u) => tMin + (1 - tMin) * u),
  );
}

/** Labels [count], uniform over the classes. */
export function drawLabels(
  rng: Rng,
  stream: string,
  firstSample: number,
  count: number,
  numClasses: number,
): HostTensor {
  const labels = Int32Array.from(
    { length: count },
    (_, sample) => rng.integers(stream, firstSample + sample, 1, numClasses)[0]!,
  );
  return int32([count], labels);
}

function perSample(
  count: number,
  shape: readonly number[],
  draw: (sample: number, size: number) => Float32Array,
): HostTensor {
  const size = shape.reduce((product, length) => product * length, 1);
  const data = new Float32Array(count * size);
  for (let sample = 0; sample < count; sample++) data.set(draw(sample, size), sample * size);
  return float32([count, ...shape], data);
}
