import { createRng } from '@ar-distill/program';
import { drawTimesteps, type TimestepDistribution } from './draws';

const COUNT = 20_000;

/** Sorted timesteps. */
function drawn(distribution: TimestepDistribution): Float32Array {
  const { data } = drawTimesteps(createRng(3), 't', 0, COUNT / 10, [10], distribution);
  return Float32Array.from(data).sort();
}

/** Greatest distance of the empirical distribution from `cdf`. */
function kolmogorov(sorted: Float32Array, cdf: (t: number) => number): number {
  return Math.max(...Array.from(sorted, (t, i) => Math.abs(cdf(t) - (i + 0.5) / sorted.length)));
}

/** Distribution function of the standard normal (Abramowitz and Stegun 7.1.26, to 1.5e-7). */
function normalCdf(z: number): number {
  const x = Math.abs(z) / Math.SQRT2;
  const s = 1 / (1 + 0.3275911 * x);
  const polynomial = [1.061405429, -1.453152027, 1.421413741, -0.284496736, 0.254829592].reduce(
    (sum, coefficient) => (sum + coefficient) * s,
    0,
  );
  const erf = 1 - polynomial * Math.exp(-x * x);
  return z < 0 ? (1 - erf) / 2 : (1 + erf) / 2;
}

// 1.63 / sqrt(N) is exceeded once in a hundred times.
const BAR = 1.63 / Math.sqrt(COUNT);

it('is uniform on [tMin, 1]', () => {
  const sorted = drawn({ tMin: 0.1 });
  expect(sorted[0]).toBeGreaterThanOrEqual(0.1);
  expect(sorted.at(-1)).toBeLessThanOrEqual(1);
  expect(kolmogorov(sorted, (t) => (t - 0.1) / 0.9)).toBeLessThan(BAR);
});

it.each([
  [0, 1],
  [-1.2, 0.7],
])('has a logit of mean %d and deviation %d', (mean, std) => {
  const tMin = 0.01;
  const sorted = drawn({ tMin, logit: { mean, std } });
  const cdf = (t: number): number => {
    const u = (t - tMin) / (1 - tMin);
    return normalCdf((Math.log(u / (1 - u)) - mean) / std);
  };
  expect(kolmogorov(sorted, cdf)).toBeLessThan(BAR);
});
