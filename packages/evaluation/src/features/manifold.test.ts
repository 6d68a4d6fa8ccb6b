import { createRng } from '@ar-distill/program';
import { classDiversity, withinClassDistances } from './class-diversity';
import { Manifold } from './manifold';
import { spacedHalves, spacedRows } from './spaced-rows';
import { squaredDistance } from './squared-distance';

describe('Manifold', () => {
  const line = Float32Array.of(0, 1, 3, 7);

  it('covers what lies within the distance to the k-th neighbour', () => {
    // Second neighbours of 0, 1, 3, 7 are 3, 2, 3 and 6 away: balls [−3, 3], [−1, 3], [0, 6], [1, 13].
    const manifold = new Manifold(line, 1, 2);
    expect(manifold.coverage(Float32Array.of(-3, 13))).toBe(1);
    expect(manifold.coverage(Float32Array.of(-3.01, 13.01, 5, 6.5))).toBe(0.5);
  });

  it('covers itself', () => {
    expect(new Manifold(line, 1).coverage(line)).toBe(1);
  });

  it('covers what the balls of a naive computation cover', () => {
    const rng = createRng(4);
    const dimension = 40;
    /** Clusters far from each other, spread more in some dimensions, with two vectors that are equal. */
    const vectors = (name: string, count: number) => {
      const drawn = rng
        .normal(name, 0, count * dimension)
        .map((z, at) => z / (1 + (at % dimension)) + 9 * (Math.floor(at / dimension) % 3));
      drawn.copyWithin(dimension, 0, dimension);
      return drawn;
    };
    const [own, points] = [vectors('own', 230), vectors('points', 170)];
    const radii = Array.from({ length: 230 }, (_, i) => {
      const others = [...Array(230).keys()].filter((j) => j !== i);
      const distances = others.map((j) => squaredDistance(own, i, own, j, dimension));
      return distances.sort((a, b) => a - b)[2]!;
    });
    const covered = [...Array(170).keys()].filter((i) =>
      radii.some((radius, j) => squaredDistance(points, i, own, j, dimension) <= radius),
    );
    expect(covered.length).toBeGreaterThan(40);
    expect(covered.length).toBeLessThan(165);
    expect(new Manifold(own, dimension).coverage(points)).toBe(covered.length / 170);
  });

  it('measures distances in all dimensions', () => {
    const square = new Manifold(Float32Array.of(0, 0, 0, 1, 1, 0, 1, 1), 2, 1);
    expect(square.coverage(Float32Array.of(0.5, 0.5, 3, 3))).toBe(0.5);
  });

  it('needs more vectors than neighbours', () => {
    expect(() => new Manifold(Float32Array.of(1, 2, 3), 1)).toThrow(
      '3 images are too few for the manifold of their features: take 4 or more.',
    );
  });
});

describe('class diversity', () => {
  const features = Float32Array.of(0, 0, 3, 4, 0, 0, 10, 0, 20, 0, 30, 0);
  const labels = Int32Array.of(0, 0, 1, 2, 2, 2);

  it('is the mean distance of two samples of a class', () => {
    const distances = withinClassDistances(features, labels, 3);
    expect(distances[0]).toBe(5);
    expect(distances[1]).toBeNaN();
    expect(distances[2]).toBeCloseTo((10 + 10 + 20) / 3, 12);
  });

  it('reads no more than asked of a class', () => {
    expect(withinClassDistances(features, labels, 3, 2)[2]).toBe(10);
  });

  it('is compared with the reference class by class', () => {
    const diversity = classDiversity(Float64Array.of(5, NaN, 2), Float64Array.of(10, 1, 8));
    expect(diversity).toEqual({ mean: 0.375, lowest: 0.25, lowestClass: 2 });
    expect(() => classDiversity(Float64Array.of(NaN), Float64Array.of(1))).toThrow(/two or more/);
  });

  it('refuses labels outside the classes', () => {
    expect(() => withinClassDistances(features, labels, 2)).toThrow('Class 2 is outside 0 … 1.');
  });
});

describe('spacedRows', () => {
  const rows = Float32Array.from({ length: 12 }, (_, i) => i);

  it('keeps whole rows, each once', () => {
    const kept = spacedRows(rows, 2, 5);
    const first = [...kept].filter((_, i) => i % 2 === 0);
    expect(new Set(first).size).toBe(5);
    first.forEach((value, i) => {
      expect(value % 2).toBe(0);
      expect(kept[2 * i + 1]).toBe(value + 1);
    });
    expect(spacedRows(rows, 2, 6)).toBe(rows);
  });

  it('keeps every class alike when samples come with their classes in turn', () => {
    const classes = Float32Array.from({ length: 10_000 }, (_, i) => i % 10);
    const counts = new Array<number>(10).fill(0);
    for (const label of spacedRows(classes, 1, 2000)) counts[label]!++;
    for (const count of counts) expect(Math.abs(count - 200)).toBeLessThanOrEqual(2);
  });

  it('gives halves that share no row and together have all', () => {
    const [first, second] = spacedHalves(rows.subarray(0, 10), 2);
    const starts = [...first, ...second].filter((_, i) => i % 2 === 0);
    expect([first.length, second.length]).toEqual([4, 4]);
    expect(new Set(starts).size).toBe(4);
    const [a, b] = spacedHalves(rows, 1);
    expect([...a, ...b].sort((x, y) => x - y)).toEqual([...rows]);
  });
});
