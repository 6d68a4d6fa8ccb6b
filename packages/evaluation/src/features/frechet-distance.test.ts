import { featureStatistics, type FeatureStatistics } from './feature-statistics';
import { frechetDistance } from './frechet-distance';

function gaussian(mean: readonly number[], covariance: readonly number[]): FeatureStatistics {
  return {
    count: 100,
    dimension: mean.length,
    mean: Float64Array.from(mean),
    covariance: Float64Array.from(covariance),
  };
}

describe('frechetDistance', () => {
  it('is the squared distance of the means when covariances agree', () => {
    const a = gaussian([0, 0], [2, 0.5, 0.5, 1]);
    const b = gaussian([3, 4], [2, 0.5, 0.5, 1]);
    expect(frechetDistance(a, a)).toBeCloseTo(0, 12);
    expect(frechetDistance(a, b)).toBeCloseTo(25, 12);
  });

  it('is Σ(σ₁ − σ₂)² for diagonal covariances', () => {
    const a = gaussian([0, 0, 0], [4, 0, 0, 0, 9, 0, 0, 0, 0]);
    const b = gaussian([0, 0, 0], [1, 0, 0, 0, 25, 0, 0, 0, 16]);
    expect(frechetDistance(a, b)).toBeCloseTo(1 + 4 + 16, 12);
  });

  it('is right for covariances that do not commute', () => {
    // tr √M of a 2×2 matrix is √(tr M + 2√det M); here with M = Σ₁Σ₂ = [[2, 3], [1, 3]]:
    // tr 5, det 3, so d² = 3 + 4 − 2√(5 + 2√3).
    const a = gaussian([0, 0], [2, 1, 1, 1]);
    const b = gaussian([0, 0], [1, 0, 0, 3]);
    expect(frechetDistance(a, b)).toBeCloseTo(7 - 2 * Math.sqrt(5 + 2 * Math.sqrt(3)), 12);
    expect(frechetDistance(b, a)).toBeCloseTo(frechetDistance(a, b), 12);
  });

  it('copes with singular covariances', () => {
    const a = gaussian([0, 0], [1, 1, 1, 1]);
    const b = gaussian([0, 0], [1, -1, -1, 1]);
    expect(frechetDistance(a, b)).toBeCloseTo(4, 7);
  });

  it.each([NaN, Infinity])('is no number where a statistic is %p', (value) => {
    const whole = gaussian([0, 0], [1, 0, 0, 1]);
    const compared = (mean: number[], covariance: number[]) => () =>
      frechetDistance(whole, gaussian(mean, covariance));
    expect(compared([0, value], [1, 0, 0, 1])).toThrow(`Element 1 of a mean is ${value}`);
    expect(compared([0, 0], [1, 0, 0, value])).toThrow(`Element 3 of a covariance is ${value}`);
  });

  it('refuses different dimensions', () => {
    expect(() => frechetDistance(gaussian([0], [1]), gaussian([0, 0], [1, 0, 0, 1]))).toThrow(
      'Statistics of 1 and of 2 features cannot be compared.',
    );
  });
});

describe('featureStatistics', () => {
  it('gives the mean and the unbiased covariance', () => {
    const { count, mean, covariance } = featureStatistics(Float32Array.of(1, 2, 3, 6, 5, 4), 2);
    expect(count).toBe(3);
    expect([...mean]).toEqual([3, 4]);
    expect([...covariance]).toEqual([4, 2, 2, 4]);
  });

  it('loses nothing to a large mean', () => {
    const values = Float32Array.from({ length: 1000 }, (_, i) => 4096 + (i % 2));
    expect(featureStatistics(values, 1).covariance[0]).toBeCloseTo(0.25 * (1000 / 999), 12);
  });

  it('refuses too few vectors and values that are not finite', () => {
    expect(() => featureStatistics(Float32Array.of(1, 2), 2)).toThrow(/two or more vectors of 2/);
    expect(() => featureStatistics(Float32Array.of(1, 2, 3, NaN, 5, 6), 2)).toThrow(
      'Feature 1 of vector 1 is NaN: look for images',
    );
    // Together they would be NaN, one of them alone an infinite mean.
    expect(() => featureStatistics(Float32Array.of(1, Infinity, -Infinity), 1)).toThrow(
      'Feature 0 of vector 1 is Infinity',
    );
  });
});
