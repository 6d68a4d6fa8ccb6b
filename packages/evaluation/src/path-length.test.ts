import type { FeatureNetwork } from '@ar-distill/core';
import { createRng, float32, type HostTensor, type Rng } from '@ar-distill/program';
import { layerDistances } from './features/layer-distances';
import { pathLength, type PairDistances } from './path-length';

const DIMENSION = 16;
const OUTPUTS = 24;
const BATCH = 64;
/** [OUTPUTS, DIMENSION] */
const MATRIX = createRng(3).normal('matrix', 0, OUTPUTS * DIMENSION);

/** Images [B, 1, OUTPUTS / 2, 2] that are linear in their noise, of `pairs` in batches. */
function linearGenerator(pairs: number) {
  return async (noise: Rng, first: number): Promise<HostTensor> => {
    const count = Math.min(BATCH, pairs - first);
    const data = new Float32Array(count * OUTPUTS);
    for (let row = 0; row < count; row++) {
      const z = noise.normal('noise', first + row, DIMENSION);
      for (let i = 0; i < OUTPUTS; i++) {
        const weights = MATRIX.subarray(i * DIMENSION, (i + 1) * DIMENSION);
        data[row * OUTPUTS + i] = weights.reduce((sum, weight, k) => sum + weight * z[k]!, 0);
      }
    }
    return float32([count, 1, OUTPUTS / 2, 2], data);
  };
}

const rawDistances: PairDistances = async ({ data }, { data: other }) => {
  const sums = new Float64Array(data.length / OUTPUTS);
  data.forEach((value, i) => (sums[Math.floor(i / OUTPUTS)]! += (value - other[i]!) ** 2));
  return sums;
};

/**
 * E|p′(t)|² of the great circle p through two standard normal vectors. Lengths and angle are independent, and
 * the angle's density is proportional to sin^(D−2); the mean over t is in closed form.
 */
function expectedSpeed(dimension: number): number {
  // Γ((D + 1)/2) / Γ(D/2), from Γ(1)/Γ(1/2) on.
  let ratio = 1 / Math.sqrt(Math.PI);
  for (let d = 1; d < dimension; d++) ratio = d / 2 / ratio;
  const ownSquare = dimension;
  const product = 2 * ratio ** 2;
  let sum = 0;
  let weights = 0;
  for (let i = 1; i < 4000; i++) {
    const angle = (Math.PI * i) / 4000;
    const sine = Math.sin(angle);
    const weight = sine ** (dimension - 2);
    const square = 1 / 2 + Math.sin(2 * angle) / (4 * angle);
    const mixed = (Math.cos(angle) + sine / angle) / 2;
    const bracket = 2 * square * ownSquare - 2 * mixed * product * Math.cos(angle);
    sum += weight * (angle / sine) ** 2 * bracket;
    weights += weight;
  }
  return sum / weights;
}

it('is the analytic value for a generator that is linear in its noise', async () => {
  const pairs = 2000;
  const square = MATRIX.reduce((sum, value) => sum + value ** 2, 0);
  const expected = (square * expectedSpeed(DIMENSION)) / DIMENSION;
  const generate = linearGenerator(pairs);
  const measured = await pathLength({
    generate,
    distances: rawDistances,
    pairs,
    rng: createRng(1),
  });
  expect(Math.abs(measured / expected - 1)).toBeLessThan(0.02);
});

/** The images' own values as maps, behind a ReLU that often leaves both channels zero. */
const rectifier: FeatureNetwork = {
  name: 'rectifier',
  outputs: { pool: 1, layers: [[1, OUTPUTS / 2, 2]] },
  extract: async ({ shape, data }) => ({
    layers: [
      float32(
        shape,
        (data as Float32Array).map((value) => Math.max(0, value)),
      ),
    ],
  }),
  dispose: async () => {},
};

it('hardly depends on the distance of a pair, where vectors leave zero as well', async () => {
  const pairs = 300;
  const measure = (delta: number) =>
    pathLength({
      generate: linearGenerator(pairs),
      distances: layerDistances(rectifier),
      pairs,
      rng: createRng(1),
      delta,
    });
  const coarse = await measure(1e-3);
  expect(Math.abs(coarse / (await measure(1e-4)) - 1)).toBeLessThan(0.05);
});

/** A network whose only maps are the images. */
const identity: FeatureNetwork = {
  ...rectifier,
  extract: async (images) => ({ layers: [images] }),
};

const maps = (...values: number[]): HostTensor =>
  float32([values.length / 4, 1, 2, 2], Float32Array.from(values));

it('compares directions, position by position', async () => {
  const distances = layerDistances(identity);
  // A right angle at one of two positions, and none: vectors of one length are shortened by √1.01.
  const from = maps(3, 0, 0, 3, 3, 0, 0, 3);
  const to = maps(0, 3, 0, 3, 3, 0, 0, 3);
  const [turned, same] = await distances(from, to, 0);
  expect(turned).toBeCloseTo(2 / 2 / 1.01, 6);
  expect(same).toBe(0);
  const scaled = ({ shape, data }: HostTensor): HostTensor =>
    float32(
      shape,
      (data as Float32Array).map((value) => value / 1024),
    );
  expect([...(await distances(scaled(from), scaled(to), 0))]).toEqual([turned, same]);
  const nothing = maps(0, 0, 0, 0);
  expect([...(await distances(nothing, nothing, 0))]).toEqual([0]);
});

it('needs the maps of a network', async () => {
  const without: FeatureNetwork = { ...identity, extract: async () => ({}) };
  await expect(layerDistances(without)(maps(1, 1, 1, 1), maps(1, 1, 1, 1), 0)).rejects.toThrow(
    'needs the output "layers", which the feature network "rectifier" does not have.',
  );
});
