import {
  elementCount,
  float32,
  type HostTensor,
  type HostTensors,
  type Rng,
} from '@ar-distill/program';
import type { PositionDraws } from '../model/code-choice';
import { type SequenceLayout, sequenceLength } from '../model/sequence-layout';

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

/** How timesteps are distributed on [tMin, 1]. */
export interface TimestepDistribution {
  readonly tMin: number;
  /** t follows the logistic function of a normal of this mean and deviation; uniform when left out. */
  readonly logit?: { readonly mean: number; readonly std: number };
}

/** Timesteps [count, …shape], drawn sample by sample. */
export function drawTimesteps(
  rng: Rng,
  stream: string,
  firstSample: number,
  count: number,
  shape: readonly number[],
  { tMin, logit }: TimestepDistribution,
): HostTensor {
  const place = (u: number): number => tMin + (1 - tMin) * u;
  return perSample(count, shape, (sample, size) => {
    if (logit === undefined) return rng.uniform(stream, firstSample + sample, size).map(place);
    const { mean, std } = logit;
    const normals = rng.normal(stream, firstSample + sample, size);
    return normals.map((z) => place(1 / (1 + Math.exp(-(mean + std * z)))));
  });
}

/** Random numbers of a sampler by their names in its program. */
export type NamedDraws = Readonly<Record<string, PositionDraws>>;

/** All of them for consecutive samples, [count, n, …shape]; sample s draws from (stream, s) alone. */
export function drawPositions(
  draws: NamedDraws,
  layout: SequenceLayout,
  rng: Rng,
  firstSample: number,
  count: number,
): HostTensors {
  const length = sequenceLength(layout);
  return Object.fromEntries(
    Object.entries(draws).map(([name, { kind, stream, shape }]) => [
      name,
      perSample(count, [length, ...shape], (sample, size) =>
        rng[kind](stream, firstSample + sample, size),
      ),
    ]),
  );
}

function perSample(
  count: number,
  shape: readonly number[],
  draw: (sample: number, size: number) => Float32Array,
): HostTensor {
  const size = elementCount(shape);
  const data = new Float32Array(count * size);
  for (let sample = 0; sample < count; sample++) data.set(draw(sample, size), sample * size);
  return float32([count, ...shape], data);
}
