import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import * as tf from '@tensorflow/tfjs';
import { writeSafetensors } from '@ar-distill/checkpoints';
import { NonFiniteError, type StepCompiler } from '@ar-distill/core';
import { float32, initializeParameters, type HostTensor, type HostTensors } from '@ar-distill/nn';
import {
  classifierSpecs,
  MNIST_CLASSIFIER,
  type ClassifierArchitecture,
} from './classifier/classifier';
import { FeatureExtractor } from './features/feature-extractor';
import { loadReferenceSet, referenceSet, saveReferenceSet } from './features/reference-set';
import { loadMnistEvaluator, mnistAssets } from './fid-mnist';
import { accuracy, ImageEvaluator } from './image-quality';

const ARCHITECTURE: ClassifierArchitecture = {
  imageSize: 8,
  imageChannels: 1,
  widths: [4, 6],
  numClasses: 3,
};

/** Runs programs at once, without compiling them. */
const EAGER: StepCompiler = {
  createStore: () => Promise.reject(new Error('These programs have no state.')),
  compile: ({ fn, constants = {} }) =>
    Promise.resolve({
      run: (inputs) => {
        const { outputs } = fn({
          state: {},
          constants: tensors(constants),
          inputs: tensors(inputs),
        });
        return Promise.resolve(
          Object.fromEntries(
            Object.entries(outputs).map(([name, value]): [string, HostTensor] => [
              name,
              { shape: value.shape, dtype: 'float32', data: value.dataSync<'float32'>() },
            ]),
          ),
        );
      },
      dispose: () => Promise.resolve(),
    }),
};

function tensors(values: Readonly<HostTensors>): Record<string, tf.Tensor> {
  return Object.fromEntries(
    Object.entries(values).map(([name, { data, shape, dtype }]) => [
      name,
      tf.tensor(data, [...shape], dtype),
    ]),
  );
}

function uniform(seed: number, count: number): Float32Array {
  let state = (seed * 7919 + 12345) >>> 0;
  return Float32Array.from({ length: count }, () => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return state / 2 ** 32;
  });
}

function weights(architecture = ARCHITECTURE): HostTensors {
  return initializeParameters(classifierSpecs(architecture), {
    uniform: (stream, _index, count) => uniform(stream.length, count),
    normal: (stream, _index, count) => uniform(stream.length, count).map((u) => 3.4 * (u - 0.5)),
  });
}

/** Noise of a strength that depends on the class, 60 images. */
function sample(seed: number, strength = 1) {
  const labels = Int32Array.from({ length: 60 }, (_, i) => i % 3);
  const noise = uniform(seed, 60 * 64);
  const images = noise.map(
    (u, i) => strength * (2 * u - 1) * (0.2 + 0.3 * labels[Math.floor(i / 64)]!),
  );
  return { images, labels };
}

let folder = '';
beforeAll(async () => {
  folder = mkdtempSync(path.join(tmpdir(), 'quality-'));
  tf.enableProdMode();
  await tf.setBackend('cpu');
});
afterAll(() => rmSync(folder, { recursive: true }));

function extractor(batchSize: number): Promise<FeatureExtractor> {
  return FeatureExtractor.create(EAGER, {
    weights: weights(),
    architecture: ARCHITECTURE,
    batchSize,
  });
}

describe('FeatureExtractor', () => {
  it('gives the same whatever the batch size', async () => {
    const { images } = sample(1);
    const whole = await (await extractor(60)).extract(images);
    const parts = await (await extractor(7)).extract(images);
    expect(parts.features).toHaveLength(60 * 6);
    whole.features.forEach((value, i) => expect(parts.features[i]).toBeCloseTo(value, 6));
    expect(parts.predictions).toEqual(whole.predictions);
  });

  it('says which pixel of which image is not finite', async () => {
    for (const value of [NaN, Infinity]) {
      const { images } = sample(1);
      // Image 17, row 3, column 5, in the third batch.
      images[17 * 64 + 3 * 8 + 5] = value;
      const failure = (await extractor(7)).extract(images);
      await expect(failure).rejects.toThrow(NonFiniteError);
      await expect(failure).rejects.toThrow(
        `The image to measure became ${value} at pixel (3, 5), channel 0, of sample 17`,
      );
    }
  });

  it('says of which image the features or logits are not finite', async () => {
    const own = weights();
    const changed = (name: string, value: number): Promise<FeatureExtractor> => {
      const { shape, data } = own[name]!;
      const broken = Float32Array.from(data).fill(value, 0, 1);
      return FeatureExtractor.create(EAGER, {
        weights: { ...own, [name]: float32(shape, broken) },
        architecture: ARCHITECTURE,
        batchSize: 7,
      });
    };
    const { images } = sample(1);
    await expect((await changed('head.bias', NaN)).extract(images)).rejects.toThrow(
      "The feature network's logits became NaN at class 0 of sample 0",
    );
    const first = Object.keys(own)[0]!;
    await expect((await changed(first, Infinity)).extract(images)).rejects.toThrow(
      "The feature network's features became",
    );
  });

  it('refuses a part of an image and incomplete weights', async () => {
    await expect((await extractor(4)).extract(new Float32Array(65))).rejects.toThrow(
      '65 values are no whole number of 8×8×1 images.',
    );
    const { 'head.bias': bias, ...rest } = weights();
    const options = { architecture: ARCHITECTURE, weights: rest };
    await expect(FeatureExtractor.create(EAGER, options)).rejects.toThrow(/lack "head.bias"/);
    const wrong = { ...options, weights: { ...rest, 'head.bias': { ...bias!, shape: [1, 3] } } };
    await expect(FeatureExtractor.create(EAGER, wrong)).rejects.toThrow(
      /shape \[1, 3\], not \[3\]/,
    );
  });
});

describe('ImageEvaluator', () => {
  it('finds the reference perfect, other samples near, and a collapse far away', async () => {
    const features = await extractor(20);
    const real = sample(1);
    const known = await features.extract(real.images);
    const evaluator = new ImageEvaluator(
      features,
      referenceSet(known.features, real.labels, ARCHITECTURE.numClasses),
    );
    const same = await evaluator.evaluate(real.images, real.labels);
    expect(same.fid).toBeCloseTo(0, 6);
    expect(same).toMatchObject({ count: 60, precision: 1, recall: 1 });
    expect(same.diversity.mean).toBeCloseTo(1, 12);
    expect(same.classAccuracy).toBe(accuracy(known.predictions, real.labels));

    const fresh = await evaluator.evaluate(sample(2).images, real.labels);
    expect(fresh.fid).toBeGreaterThan(same.fid);
    expect(fresh.precision).toBeGreaterThan(0.5);

    // Every class is one image, nearly.
    const collapsed = await evaluator.evaluate(sample(2, 0.01).images, real.labels);
    expect(collapsed.fid).toBeGreaterThan(10 * fresh.fid);
    expect(collapsed.diversity.mean).toBeLessThan(0.2);
    expect(await evaluator.fid(real.images)).toBeCloseTo(0, 6);
    await evaluator.dispose();
  });

  it('refuses other counts and another classifier', async () => {
    const features = await extractor(20);
    const { images, labels } = sample(1);
    const known = await features.extract(images);
    const evaluator = new ImageEvaluator(features, referenceSet(known.features, labels, 3));
    await expect(evaluator.evaluate(images, labels.subarray(1))).rejects.toThrow(
      '60 images cannot have 59 labels.',
    );
    const narrow = referenceSet(known.features.subarray(0, 120), labels, 3);
    expect(() => new ImageEvaluator(features, narrow)).toThrow(/reference set has 2 features/);
  });
});

describe('reference set files', () => {
  it('come back in nearly full precision', async () => {
    const file = path.join(folder, 'reference.safetensors');
    const { labels } = sample(3);
    const reference = referenceSet(uniform(9, 60 * 6), labels, 3);
    await saveReferenceSet(file, reference);
    const loaded = await loadReferenceSet(file);
    expect(loaded.statistics).toMatchObject({ count: 60, dimension: 6 });
    expect(loaded.features).toEqual(reference.features);
    const { covariance } = reference.statistics;
    loaded.statistics.covariance.forEach((value, i) =>
      expect(Math.abs(value - covariance[i]!)).toBeLessThan(
        1e-13 * Math.abs(covariance[i]!) + 1e-16,
      ),
    );
    expect(loaded.withinClass).toHaveLength(3);
  });

  it.each(['mean', 'covariance', 'features'] as const)(
    'are refused when their %s is not finite',
    async (name) => {
      const file = path.join(folder, `${name}.safetensors`);
      const { labels } = sample(3);
      const reference = referenceSet(uniform(9, 60 * 6), labels, 3);
      const { [name]: values } = { ...reference, ...reference.statistics };
      values[2] = NaN;
      await saveReferenceSet(file, reference);
      await expect(loadReferenceSet(file)).rejects.toThrow(
        `Element 2 of "${name}" in ${file} is NaN`,
      );
    },
  );

  it('are refused when they hold something else', async () => {
    const file = path.join(folder, 'other.safetensors');
    await writeSafetensors(file, weights(), {});
    await expect(loadReferenceSet(file)).rejects.toThrow(/does not say how many images/);
    await writeSafetensors(file, weights(), { count: '10' });
    await expect(loadReferenceSet(file)).rejects.toThrow(/no float32 array "mean/);
  });
});

describe('loadMnistEvaluator', () => {
  it('loads the classifier and the reference from their files', async () => {
    const assets = {
      classifier: path.join(folder, 'classifier.safetensors'),
      testStatistics: path.join(folder, 'test-statistics.safetensors'),
    };
    await writeSafetensors(assets.classifier, weights(MNIST_CLASSIFIER), {});
    const labels = Int32Array.from({ length: 20 }, (_, i) => i % 10);
    await saveReferenceSet(assets.testStatistics, referenceSet(uniform(1, 20 * 128), labels, 10));
    const evaluator = await loadMnistEvaluator(EAGER, assets);
    expect(evaluator.reference.statistics.count).toBe(20);
    expect(evaluator.extractor.dimension).toBe(128);
  });

  it('finds its own files beside the package', () => {
    const { classifier, testStatistics } = mnistAssets();
    const assets = path.resolve(__dirname, '../assets/mnist');
    expect(classifier).toBe(path.join(assets, 'classifier.safetensors'));
    expect(testStatistics).toBe(path.join(assets, 'test-statistics.safetensors'));
  });
});
