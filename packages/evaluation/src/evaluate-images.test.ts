import type { FeatureNetwork, FeatureOutput, ImageSplit, Metric } from '@ar-distill/core';
import { NonFiniteError } from '@ar-distill/core/sampling';
import { float32, type HostTensor, int32 } from '@ar-distill/program';
import { evaluateImages, evaluateSplit } from './evaluate-images';
import { computeReference, referenceSet } from './features/reference-set';
import { BUILT_IN_METRICS } from './metrics/built-in-metrics';
import { CLASS_ACCURACY } from './metrics/class-accuracy';
import { FRECHET_DISTANCE } from './metrics/frechet-distance';

const CLASSES = 3;
const FEATURES = 6;
const PIXELS = 16;

/** Numbers in [0, 1) from a linear congruential generator: enough for tests. */
function uniform(seed: number, count: number): Float32Array {
  let state = (seed * 7919 + 12345) >>> 0;
  return Float32Array.from({ length: count }, () => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return state / 2 ** 32;
  });
}

/** Reads 4×4×1 images: features are fixed random projections, logits the first three of them. */
class ProjectionNetwork implements FeatureNetwork {
  readonly name = 'projections';
  readonly outputs = { pool: FEATURES, logits: CLASSES };
  readonly calls: FeatureOutput[][] = [];
  private readonly matrix = uniform(99, FEATURES * PIXELS).map((u) => u - 0.5);

  async extract(images: HostTensor, which: readonly FeatureOutput[]) {
    this.calls.push([...which]);
    const count = images.shape[0]!;
    const pool = new Float32Array(count * FEATURES);
    pool.forEach((_, at) => {
      const [image, feature] = [Math.floor(at / FEATURES), at % FEATURES];
      for (let p = 0; p < PIXELS; p++) {
        pool[at]! += this.matrix[feature * PIXELS + p]! * images.data[image * PIXELS + p]!;
      }
    });
    const logits = pool.filter((_, at) => at % FEATURES < CLASSES);
    return {
      ...(which.includes('pool') ? { pool: float32([count, FEATURES], pool) } : {}),
      ...(which.includes('logits') ? { logits: float32([count, CLASSES], logits) } : {}),
    };
  }

  dispose(): Promise<void> {
    return Promise.resolve();
  }
}

/** Noise of a strength that depends on the class. */
function sample(seed: number, { count = 60, strength = 1 } = {}) {
  const labels = Int32Array.from({ length: count }, (_, i) => i % CLASSES);
  const data = uniform(seed, count * PIXELS).map(
    (u, i) => strength * (2 * u - 1) * (0.2 + 0.3 * labels[Math.floor(i / PIXELS)]!),
  );
  return { images: float32([count, 4, 4, 1], data), labels };
}

function splitOf({ images, labels }: ReturnType<typeof sample>): ImageSplit & { reads: number[] } {
  const reads: number[] = [];
  return {
    reads,
    count: labels.length,
    labels: () => Promise.resolve(labels),
    read: (indices) => {
      reads.push(indices.length);
      const data = new Float32Array(indices.length * PIXELS);
      indices.forEach((index, i) =>
        data.set(images.data.subarray(index * PIXELS, (index + 1) * PIXELS), i * PIXELS),
      );
      return Promise.resolve({
        images: float32([indices.length, 4, 4, 1], data),
        labels: int32(
          [indices.length],
          Int32Array.from(indices, (index) => labels[index]!),
        ),
      });
    },
  };
}

async function evaluationAgainst(real: ReturnType<typeof sample>) {
  const network = new ProjectionNetwork();
  const { pool } = await network.extract(real.images, ['pool']);
  network.calls.length = 0;
  const reference = referenceSet(Float32Array.from(pool!.data), real.labels, CLASSES);
  return { network, metrics: BUILT_IN_METRICS, reference };
}

describe('evaluateImages', () => {
  it('finds the reference perfect, other samples near, and a collapse far away', async () => {
    const real = sample(1);
    const evaluation = await evaluationAgainst(real);
    const same = await evaluateImages(evaluation, real.images, real.labels);
    expect(same.count).toBe(60);
    expect(Object.keys(same.values)).toEqual([
      'frechet-distance',
      'frechet-distance.bias',
      'class-accuracy',
      'precision',
      'recall',
      'diversity',
      'diversity.lowest',
      'diversity.lowestClass',
      'inception-score',
    ]);
    expect(same.values['frechet-distance']).toBeCloseTo(0, 6);
    expect(same.values).toMatchObject({ precision: 1, recall: 1 });
    expect(same.values['diversity']).toBeCloseTo(1, 12);

    const fresh = await evaluateImages(evaluation, sample(2).images, real.labels);
    expect(fresh.values['frechet-distance']).toBeGreaterThan(same.values['frechet-distance']!);
    expect(fresh.values['precision']).toBeGreaterThan(0.5);

    // Every class is one image, nearly.
    const collapsed = sample(2, { strength: 0.01 });
    const { values } = await evaluateImages(evaluation, collapsed.images, real.labels);
    expect(values['frechet-distance']).toBeGreaterThan(5 * fresh.values['frechet-distance']!);
    expect(values['diversity']).toBeLessThan(0.2);
  });

  it('extracts once, and only what the metrics need', async () => {
    const real = sample(1);
    const { network, reference } = await evaluationAgainst(real);
    await evaluateImages(
      { network, metrics: BUILT_IN_METRICS, reference },
      real.images,
      real.labels,
    );
    expect(network.calls.map((which) => [...which].sort())).toEqual([['logits', 'pool']]);
    network.calls.length = 0;
    // No classes are needed, and for class accuracy no reference.
    await evaluateImages({ network, metrics: [FRECHET_DISTANCE], reference }, real.images);
    await evaluateImages({ network, metrics: [CLASS_ACCURACY] }, real.images, real.labels);
    expect(network.calls).toEqual([['pool'], ['logits']]);
  });

  it('tells how far it is, and ends when it is told to', async () => {
    const real = sample(1, { count: 2300 });
    const { network, metrics, reference } = await evaluationAgainst(sample(2));
    const told: (readonly number[])[] = [];
    const onImages = (done: number, total: number) => void told.push([done, total]);
    const whole = await evaluateImages({ network, metrics, reference }, real.images, real.labels);
    const watched = { network, metrics, reference, onImages };
    expect(await evaluateImages(watched, real.images, real.labels)).toEqual(whole);
    expect(told).toEqual([
      [1000, 2300],
      [2000, 2300],
      [2300, 2300],
    ]);
    network.calls.length = 0;
    const stop = () => {
      throw new Error('Stop.');
    };
    const stopped = { network, metrics, reference, onImages: stop };
    await expect(evaluateImages(stopped, real.images, real.labels)).rejects.toThrow('Stop.');
    expect(network.calls).toHaveLength(1);
  });

  it('refuses other counts, no images, and a reference of another network', async () => {
    const real = sample(1);
    const evaluation = await evaluationAgainst(real);
    await expect(evaluateImages(evaluation, real.images, real.labels.subarray(1))).rejects.toThrow(
      '60 images cannot have 59 labels.',
    );
    await expect(
      evaluateImages(evaluation, float32([0, 4, 4, 1], new Float32Array())),
    ).rejects.toThrow('There are no images to measure.');
    const reference = referenceSet(uniform(3, 120), real.labels, CLASSES);
    await expect(
      evaluateImages({ ...evaluation, reference }, real.images, real.labels),
    ).rejects.toThrow(
      'The reference set has 2 features but "projections" gives 6: write it again.',
    );
  });

  it('refuses metrics whose values would not be found again', async () => {
    const real = sample(1);
    const evaluation = await evaluationAgainst(real);
    const giving = (values: Record<string, number>): Metric => ({
      ...FRECHET_DISTANCE,
      name: 'sharpness',
      compute: () => values,
    });
    const measure = (values: Record<string, number>) =>
      evaluateImages({ ...evaluation, metrics: [giving(values)] }, real.images);
    await expect(measure({ sharp: 1 })).rejects.toThrow('"sharpness" gave no value of its own');
    await expect(measure({ sharpness: 1, precision: 2 })).rejects.toThrow(
      'gave a value "precision": name it "sharpness.precision".',
    );
    for (const value of [NaN, -Infinity]) {
      await expect(measure({ sharpness: 1, 'sharpness.spread': value })).rejects.toThrow(
        `The metric "sharpness" gave ${value} as "sharpness.spread"`,
      );
    }
    expect((await measure({ sharpness: 1, 'sharpness.spread': 2 })).values).toEqual({
      sharpness: 1,
      'sharpness.spread': 2,
    });
  });
});

describe('values that are not finite', () => {
  /** Sample number 1017, in the second batch of a split. */
  const IMAGE = 1017;

  it.each([NaN, Infinity])('are named when pixels are %p', async (value) => {
    const evaluation = await evaluationAgainst(sample(1));
    const broken = sample(2, { count: 1100 });
    // Row 3, column 1.
    broken.images.data[IMAGE * PIXELS + 13] = value;
    const measured = [
      evaluateImages(evaluation, broken.images, broken.labels),
      evaluateSplit(evaluation, splitOf(broken)),
      computeReference(evaluation.network, splitOf(broken), CLASSES),
    ];
    for (const outcome of await Promise.allSettled(measured)) {
      const reason: unknown = outcome.status === 'rejected' ? outcome.reason : undefined;
      expect(reason).toBeInstanceOf(NonFiniteError);
      expect((reason as Error).message).toContain(
        `The image to measure became ${value} at pixel (3, 1), channel 0, of sample ${IMAGE}`,
      );
    }
  });

  it.each([
    ['pool', 'The features of "broken" became NaN at feature 2 of sample 1'],
    ['spatial', 'The spatial features of "broken" became NaN at feature 2 of sample 1'],
    ['logits', 'The logits of "broken" became NaN at class 2 of sample 1'],
    [
      'layers',
      'The maps of layer 1 of "broken" became NaN at pixel (1, 0), channel 0, of sample 1',
    ],
  ] as const)('are named when the network gives them as %s', async (output, message) => {
    const values = Float32Array.of(1, 2, 3, 4, 5, 6, NaN, 8);
    const whole = float32([2, 2, 2, 1], new Float32Array(8));
    const network: FeatureNetwork = {
      name: 'broken',
      outputs: { pool: 4 },
      extract: () =>
        Promise.resolve(
          output === 'layers'
            ? { layers: [whole, float32([2, 2, 2, 1], values)] }
            : { [output]: float32([2, 4], values) },
        ),
      dispose: () => Promise.resolve(),
    };
    const metrics = [{ ...CLASS_ACCURACY, needs: [output] }];
    const measured = evaluateImages({ network, metrics }, sample(1, { count: 2 }).images);
    await expect(measured).rejects.toThrow(NonFiniteError);
    await expect(measured).rejects.toThrow(message);
  });
});

describe('splits', () => {
  it('are measured and summarised in batches as whole sets are', async () => {
    const real = sample(5, { count: 2300 });
    const split = splitOf(real);
    const evaluation = await evaluationAgainst(real);
    expect(await computeReference(evaluation.network, split, CLASSES)).toEqual(
      evaluation.reference,
    );
    expect(split.reads).toEqual([1000, 1000, 300]);
    const other = sample(6, { count: 1200 });
    expect(await evaluateSplit(evaluation, splitOf(other))).toEqual(
      await evaluateImages(evaluation, other.images, other.labels),
    );
    await expect(evaluateSplit(evaluation, splitOf(sample(1, { count: 0 })))).rejects.toThrow(
      'There are no images to measure.',
    );
  });
});
