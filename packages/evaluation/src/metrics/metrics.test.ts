import type { ExtractedFeatures, MetricReference } from '@ar-distill/core';
import { float32 } from '@ar-distill/program';
import { BUILT_IN_METRICS } from './built-in-metrics';
import { CLASS_ACCURACY } from './class-accuracy';
import { DIVERSITY } from './diversity';
import { FRECHET_DISTANCE } from './frechet-distance';
import { INCEPTION_SCORE } from './inception-score';
import { PRECISION } from './precision';
import { RECALL } from './recall';
import { teacherDistance } from './teacher-distance';

/** One feature per image. */
const pool = (...values: readonly number[]): ExtractedFeatures => ({
  pool: float32([values.length, 1], Float32Array.from(values)),
});

const REFERENCE: MetricReference = {
  count: 100,
  dimension: 1,
  mean: Float64Array.of(2),
  covariance: Float64Array.of(4),
  features: Float32Array.of(0, 1, 3, 7),
  withinClass: Float64Array.of(10, 8, NaN),
};

describe('built-in metrics', () => {
  it('have names of their own', () => {
    const names = BUILT_IN_METRICS.map(({ name }) => name);
    expect(new Set(names).size).toBe(names.length);
  });

  it('measure the Fréchet distance of two Gaussians', () => {
    // Mean 4 and variance 16 against 2 and 4: (4 − 2)² + (4 − 2)².
    const images = { count: 3, features: pool(0, 4, 8) };
    expect(FRECHET_DISTANCE.compute(images, REFERENCE)['frechet-distance']).toBeCloseTo(8, 12);
  });

  it('measure the Fréchet distance to samples of a teacher', () => {
    const teacher = {
      count: 3,
      dimension: 1,
      mean: Float64Array.of(5),
      covariance: Float64Array.of(1),
    };
    const images = { count: 3, features: pool(0, 4, 8) };
    // (5 − 4)² + (4 − 1)².
    const distance = { 'teacher-distance': expect.closeTo(10, 12) as number };
    expect(teacherDistance(teacher).compute(images, undefined)).toEqual(distance);
  });

  it('measure precision in the balls of the reference', () => {
    // Third neighbours of 0, 1, 3, 7 are 7, 6, 4 and 7 away: together the balls cover [−7, 14].
    const images = { count: 4, features: pool(-7, -7.5, 14, 15) };
    expect(PRECISION.compute(images, REFERENCE)).toEqual({ precision: 0.5 });
    // The manifold that was kept for one reference is not used for another.
    const near = { ...REFERENCE, features: Float32Array.of(0, 1, 2, 3) };
    expect(PRECISION.compute(images, near)).toEqual({ precision: 0 });
    expect(PRECISION.compute(images, REFERENCE)).toEqual({ precision: 0.5 });
  });

  it('measure recall in the balls of the images', () => {
    // Third neighbours of 4, 5, 6, 7 are 3, 2, 2 and 3 away: together the balls cover [1, 10].
    const images = { count: 4, features: pool(4, 5, 6, 7) };
    expect(RECALL.compute(images, REFERENCE)).toEqual({ recall: 0.75 });
  });

  it('count an image as correct when its class has the largest logit', () => {
    const rows = [1, 3, 2, /**/ 5, 4, 0, /**/ -3, -2, -1, /**/ NaN, 0, 1];
    const images = {
      count: 4,
      features: { logits: float32([4, 3], Float32Array.from(rows)) },
      labels: Int32Array.of(1, 1, 2, 2),
    };
    // Nothing can be said of the last one.
    expect(CLASS_ACCURACY.compute(images, undefined)).toEqual({ 'class-accuracy': 0.5 });
  });

  it('score as many classes as the network is sure of', () => {
    const sure = [40, 0, 0, /**/ 0, 40, 0, /**/ 0, 0, 40];
    const score = (rows: readonly number[]): number => {
      const count = rows.length / 3;
      const features = { logits: float32([count, 3], Float32Array.from(rows)) };
      return INCEPTION_SCORE.compute({ count, features }, undefined)['inception-score']!;
    };
    expect(score(sure)).toBeCloseTo(3, 10);
    expect(score(sure.slice(0, 3))).toBeCloseTo(1, 10);
    // Sure of nothing: every image is like their mean.
    expect(score([1, 1, 1, 1, 1, 1])).toBeCloseTo(1, 12);
    // Classes (3/4, 1/4) and (1/4, 3/4): ln 2 less the entropy of one of them.
    const [a, b] = [Math.log(3), 0];
    const entropy = -(0.75 * Math.log(0.75) + 0.25 * Math.log(0.25));
    expect(score([a, b, -1000, b, a, -1000])).toBeCloseTo(Math.exp(Math.log(2) - entropy), 6);
  });

  it('score 5,000 images at a time, in order', () => {
    const count = 6000;
    const logits = new Float32Array(2 * count);
    // The first split has one class, the second both.
    for (let i = 0; i < count; i++) logits[2 * i + (i >= 5000 && i % 2 === 0 ? 1 : 0)] = 50;
    const images = { count, features: { logits: float32([count, 2], logits) } };
    expect(INCEPTION_SCORE.compute(images, undefined)['inception-score']).toBeCloseTo(1.5, 10);
  });

  it('compare the distances within classes with the reference', () => {
    const images = {
      count: 5,
      features: pool(0, 5, 1, 3, 9),
      labels: Int32Array.of(0, 0, 1, 1, 2),
    };
    expect(DIVERSITY.compute(images, REFERENCE)).toEqual({
      diversity: 0.375,
      'diversity.lowest': 0.25,
      'diversity.lowestClass': 1,
    });
  });

  it.each(BUILT_IN_METRICS.map((metric) => [metric.name, metric] as const))(
    '%s says what it lacks',
    (_name, metric) => {
      const features = pool(1, 2, 3, 4);
      const logits = float32([4, 2], Float32Array.of(0, 1, 1, 0, 2, 3, 3, 2));
      const labels = Int32Array.of(0, 0, 1, 1);
      const complete = { count: 4, features: { ...features, logits }, labels };
      const lacking: Record<(typeof metric.needs)[number], () => unknown> = {
        pool: () => metric.compute({ ...complete, features: { logits } }, REFERENCE),
        logits: () => metric.compute({ ...complete, features }, REFERENCE),
        spatial: () => metric.compute(complete, REFERENCE),
        layers: () => metric.compute(complete, REFERENCE),
        labels: () => metric.compute({ ...complete, labels: undefined }, REFERENCE),
        reference: () => metric.compute(complete, undefined),
      };
      for (const [need, compute] of Object.entries(lacking)) {
        if (metric.needs.some((needed) => needed === need)) {
          expect(compute).toThrow(/^This metric needs/);
        } else {
          expect(compute).not.toThrow();
        }
      }
    },
  );
});
