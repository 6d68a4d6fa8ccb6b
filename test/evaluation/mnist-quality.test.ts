import * as tf from '@tensorflow/tfjs';
import { readSafetensors } from '@ar-distill/checkpoints';
import type { FeatureNetwork, ImageSplit, MetricReference } from '@ar-distill/core';
import { createEngine } from '@ar-distill/engine';
import {
  BUILT_IN_METRICS,
  CLASS_ACCURACY,
  computeReference,
  evaluateImages,
  evaluateSplit,
  loadReferenceSet,
} from '@ar-distill/evaluation';
import { mnist, mnistClassifier } from '@ar-distill/plugin-mnist';
import { float32, type HostTensor } from '@ar-distill/program';

const engine = createEngine();
let network: FeatureNetwork;
let reference: MetricReference;
let test: ImageSplit;
/** 600 training digits of all classes. */
let images: HostTensor;
let labels: Int32Array;

beforeAll(async () => {
  network = await mnistClassifier.open(engine);
  reference = await loadReferenceSet(mnistClassifier.references![mnist.name]!);
  const data = await mnist.open();
  test = data.test;
  const batch = await data.train.read(Int32Array.from({ length: 600 }, (_, i) => 7 * i));
  images = batch.images;
  labels = Int32Array.from(batch.labels.data);
});
afterAll(() => network.dispose());

function largestDifference(a: ArrayLike<number>, b: ArrayLike<number>): number {
  return Array.from(a).reduce((most, value, i) => Math.max(most, Math.abs(value - b[i]!)), 0);
}

/** Figures agree to the rounding of sums in another order, which differs from machine to machine. */
function expectFigures(
  values: Readonly<Record<string, number>>,
  expected: Readonly<Record<string, number>>,
): void {
  const { 'frechet-distance.bias': bias, ...before } = values;
  expect(bias).toBeGreaterThan(0);
  expect(Object.keys(before).sort()).toEqual(Object.keys(expected).sort());
  for (const [name, value] of Object.entries(expected)) {
    expect(Math.abs(values[name]! / value - 1)).toBeLessThan(1e-5);
  }
}

/** Those that there were then. */
const METRICS = BUILT_IN_METRICS.filter(({ name }) => name !== 'inception-score');

describe('FID-MNIST and what is reported with it', () => {
  // Computed with the version before metrics were objects of their own.
  it('stay what they were for real digits', async () => {
    const quality = await evaluateImages({ network, metrics: METRICS, reference }, images, labels);
    expect(quality.count).toBe(600);
    expectFigures(quality.values, {
      'frechet-distance': 2.086193283909381,
      'class-accuracy': 0.9983333333333333,
      precision: 0.8933333333333333,
      recall: 0.871,
      diversity: 1.0006370738191204,
      'diversity.lowest': 0.9229653814904123,
      'diversity.lowestClass': 9,
    });
  });

  it('stay what they were for faded digits, a quarter of them under wrong classes', async () => {
    const faded = Float32Array.from(images.data, (value, i) => Math.max(-1, value - (i % 3) * 0.4));
    const wrong = labels.map((label, i) => (i % 4 === 0 ? (label + 1) % 10 : label));
    const { values } = await evaluateImages(
      { network, metrics: METRICS, reference },
      float32(images.shape, faded),
      wrong,
    );
    expectFigures(values, {
      'frechet-distance': 24.294157072202083,
      'class-accuracy': 0.75,
      precision: 0.9433333333333334,
      recall: 0.3475,
      diversity: 1.2596208326311786,
      'diversity.lowest': 1.0220003454396962,
      'diversity.lowestClass': 2,
    });
  });

  it('compare with statistics that the test set gives again', async () => {
    const computed = await computeReference(network, test, mnist.classes);
    expect(computed.count).toBe(10_000);
    // What ships has the vectors of fewer of them.
    expect(computed.features).toHaveLength(10_000 * 128);
    expect(reference.features).toHaveLength(2000 * 128);
    for (const name of ['mean', 'covariance', 'withinClass'] as const) {
      expect(computed[name]).toHaveLength(reference[name].length);
      expect(largestDifference(computed[name], reference[name])).toBeLessThan(1e-4);
    }
    const { count, values } = await evaluateSplit({ network, metrics: [CLASS_ACCURACY] }, test);
    expect(count).toBe(10_000);
    expect(values['class-accuracy']).toBeGreaterThan(0.99);
  });
});

describe('the compiled classifier', () => {
  it('agrees with its layers run one by one', async () => {
    const { tensors } = await readSafetensors(
      require
        .resolve('@ar-distill/plugin-mnist/package.json')
        .replace('package.json', 'assets/classifier.safetensors'),
    );
    await tf.setBackend('cpu');
    const few = float32([3, 32, 32, 1], Float32Array.from(images.data.subarray(0, 3 * 1024)));
    const weight = (name: string) => tf.tensor(tensors[name]!.data, [...tensors[name]!.shape]);
    let x = tf.tensor4d(few.data, [3, 32, 32, 1]);
    const maps: tf.Tensor4D[] = [];
    for (let stage = 0; stage < 3; stage++) {
      for (const [layer, stride] of [
        ['down', 2],
        ['conv', 1],
      ] as const) {
        const filter = weight(`stages.${stage}.${layer}.weight`).transpose([2, 3, 1, 0]);
        x = tf
          .conv2d(x, filter as tf.Tensor4D, stride, 'same')
          .add(weight(`stages.${stage}.${layer}.bias`))
          .relu();
      }
      maps.push(x);
    }
    const features = x.mean([1, 2]);
    const logits = features.matMul(weight('head.weight').transpose()).add(weight('head.bias'));
    const extracted = await network.extract(few, ['pool', 'logits', 'layers']);
    const pairs: (readonly [HostTensor, tf.Tensor])[] = [
      [extracted.pool!, features],
      [extracted.logits!, logits],
      ...extracted.layers!.map((map, i) => [map, maps[i]!] as const),
    ];
    expect(pairs).toHaveLength(5);
    for (const [own, expected] of pairs) {
      expect(own.shape).toEqual(expected.shape);
      expect(largestDifference(own.data, expected.dataSync())).toBeLessThan(1e-4);
    }
  });

  it('gives the same bits of pooled features, whatever else is asked for', async () => {
    const alone = await network.extract(images, ['pool']);
    const together = await network.extract(images, ['logits', 'layers', 'pool']);
    const bits = (tensor: HostTensor) => Buffer.from(Float32Array.from(tensor.data).buffer);
    expect(bits(together.pool!).equals(bits(alone.pool!))).toBe(true);
  });
});
