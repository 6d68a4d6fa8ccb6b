import { createRng } from './counter-rng';

const COUNT = 200_000;

/** First draws of seed 7, stream "noise", index 3. */
const GOLDEN = {
  uniform: [0.17542338371276855, 0.4335572123527527, 0.7815748453140259],
  integers: [363, 951, 144, 762, 981],
  normal: [-1.705533504486084, 0.7564793825149536, 0.701776921749115],
};

function mean(values: Float32Array | Int32Array, power = 1): number {
  let sum = 0;
  for (const value of values) sum += value ** power;
  return sum / values.length;
}

function correlation(a: Float32Array, b: Float32Array): number {
  let sum = 0;
  for (let i = 0; i < a.length; i++) sum += a[i]! * b[i]!;
  return sum / a.length;
}

describe('createRng', () => {
  const rng = createRng(7);

  it('draws what it always drew: saved runs depend on it', () => {
    expect(Array.from(rng.uniform('noise', 3, 3))).toEqual(GOLDEN.uniform);
    expect(Array.from(rng.integers('noise', 3, 5, 1000))).toEqual(GOLDEN.integers);
    rng.normal('noise', 3, 3).forEach((value, i) => {
      expect(value).toBeCloseTo(GOLDEN.normal[i]!, 6);
    });
  });

  it('is a function of seed, stream and index alone', () => {
    const first = rng.normal('a', 5, 10);
    rng.normal('a', 6, 10);
    expect(rng.normal('a', 5, 10)).toEqual(first);
    expect(createRng(7).normal('a', 5, 10)).toEqual(first);
    const others = [
      createRng(8).normal('a', 5, 10),
      createRng(7 + 2 ** 32).normal('a', 5, 10),
      rng.normal('b', 5, 10),
      rng.normal('a\0', 5, 10),
      rng.normal('', 5, 10),
      rng.normal('a', 6, 10),
      rng.normal('a', 5 + 2 ** 32, 10),
    ];
    for (const other of others) expect(other).not.toEqual(first);
    expect(new Set(others.map(String)).size).toBe(others.length);
  });

  it.each([1, 2, 7, 8])('gives the first %i numbers of a longer draw', (count) => {
    expect(rng.normal('a', 1, count)).toEqual(rng.normal('a', 1, 9).slice(0, count));
    expect(rng.uniform('a', 1, count)).toEqual(rng.uniform('a', 1, 9).slice(0, count));
    expect(rng.integers('a', 1, count, 3)).toEqual(rng.integers('a', 1, 9, 3).slice(0, count));
  });

  it('draws normals with the moments of normals', () => {
    const values = rng.normal('moments', 0, COUNT);
    expect(mean(values)).toBeCloseTo(0, 2);
    expect(Math.abs(mean(values, 2) - 1)).toBeLessThan(0.015);
    expect(Math.abs(mean(values, 3))).toBeLessThan(0.04);
    expect(Math.abs(mean(values, 4) - 3)).toBeLessThan(0.1);
    // Share beyond two standard deviations: 4.55%.
    const tail = values.filter((value) => Math.abs(value) > 2).length / COUNT;
    expect(Math.abs(tail - 0.0455)).toBeLessThan(0.002);
    expect(values.every(Number.isFinite)).toBe(true);
  });

  it('draws uniforms evenly from [0, 1)', () => {
    const values = rng.uniform('moments', 0, COUNT);
    const bins = new Int32Array(100);
    for (const value of values) bins[Math.floor(value * 100)]!++;
    const expected = COUNT / 100;
    const chiSquare = bins.reduce((sum, bin) => sum + (bin - expected) ** 2 / expected, 0);
    // 99 degrees of freedom: 99.9% of fair draws stay below 149.
    expect(chiSquare).toBeLessThan(149);
    expect(Math.max(...values.subarray(0, 10_000))).toBeLessThan(1);
  });

  it.each([2, 10, 4096, 1_000_003])('draws integers below %i evenly', (bound) => {
    const values = rng.integers('moments', 0, COUNT, bound);
    expect(values.every((value) => value >= 0 && value < bound)).toBe(true);
    const deviation = (mean(values) - (bound - 1) / 2) / (bound / Math.sqrt(12 * COUNT));
    expect(Math.abs(deviation)).toBeLessThan(4);
    // Runs of odd and even numbers, where the weak low bits of the generator would show.
    let changes = 0;
    for (let i = 1; i < COUNT; i++) changes += (values[i]! ^ values[i - 1]!) & 1;
    expect(Math.abs(changes / COUNT - 0.5)).toBeLessThan(0.005);
  });

  it('reaches the largest bound', () => {
    const values = rng.integers('large', 0, 1000, 2 ** 31);
    expect(values.every((value) => value >= 0)).toBe(true);
    expect(Math.max(...values)).toBeGreaterThan(2 ** 30);
  });

  it('has independent streams, indices and seeds', () => {
    const base = rng.normal('x', 0, COUNT);
    const limit = 4 / Math.sqrt(COUNT);
    const others = [
      rng.normal('y', 0, COUNT),
      rng.normal('x', 1, COUNT),
      createRng(8).normal('x', 0, COUNT),
    ];
    for (const other of others) expect(Math.abs(correlation(base, other))).toBeLessThan(limit);
  });

  it('is as random over indices as within one', () => {
    // One number per sample, as labels and per-sample noise are drawn.
    const values = Float32Array.from({ length: 50_000 }, (_, i) => rng.normal('s', i, 1)[0]!);
    expect(Math.abs(mean(values))).toBeLessThan(4 / Math.sqrt(values.length));
    expect(Math.abs(mean(values, 2) - 1)).toBeLessThan(0.03);
    const lagged = correlation(values.slice(1), values.slice(0, -1));
    expect(Math.abs(lagged)).toBeLessThan(4 / Math.sqrt(values.length));
    const labels = Float32Array.from({ length: 50_000 }, (_, i) => rng.integers('l', i, 1, 10)[0]!);
    expect(Math.abs(mean(labels) - 4.5)).toBeLessThan((4 * 2.87) / Math.sqrt(labels.length));
  });

  it('refuses what is no counter', () => {
    expect(() => createRng(-1)).toThrow('A seed is an integer from 0 to 2^53 - 1, not -1.');
    expect(() => createRng(0.5)).toThrow(RangeError);
    expect(() => rng.normal('a', -1, 1)).toThrow(/index/);
    expect(() => rng.integers('a', 0, 1, 0)).toThrow(/bound from 1 to 2\^31, not 0/);
    expect(() => rng.integers('a', 0, 1, 2 ** 31 + 1)).toThrow(RangeError);
  });
});
