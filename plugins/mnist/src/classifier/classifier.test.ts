import * as tf from '@tensorflow/tfjs';
import { initializeParameters, toTensors } from '@ar-distill/nn';
import { elementCount, type HostTensors, type Rng } from '@ar-distill/program';
import {
  type ClassifierArchitecture,
  classifierForward,
  classifierSpecs,
  featureCount,
  MNIST_CLASSIFIER,
} from './classifier';
import { ClassifierTask } from './classifier-task';

const TINY: ClassifierArchitecture = {
  imageSize: 8,
  imageChannels: 1,
  widths: [4, 6],
  numClasses: 2,
};

/** Numbers from a linear congruential generator: enough for tests. */
function draws(index: number, count: number): Float64Array {
  let state = (index * 7919 + 12345) >>> 0;
  return Float64Array.from({ length: count }, () => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return state / 2 ** 32;
  });
}
const RNG: Rng = {
  seed: 0,
  uniform: (_stream, index, count) => Float32Array.from(draws(index, count)),
  normal: (stream, index, count) =>
    Float32Array.from(
      draws(index + stream.length, 2 * count).subarray(0, count),
      (u) => 3.4 * (u - 0.5),
    ),
  integers: (_stream, index, count, bound) =>
    Int32Array.from(draws(index, count), (u) => Math.floor(u * bound)),
};

beforeAll(async () => {
  tf.enableProdMode();
  await tf.setBackend('cpu');
});

describe('classifier', () => {
  it('has 128 features and fewer than 400,000 parameters for MNIST', () => {
    expect(featureCount(MNIST_CLASSIFIER)).toBe(128);
    const sizes = Object.values(classifierSpecs(MNIST_CLASSIFIER)).map(({ shape }) =>
      elementCount(shape),
    );
    expect(sizes.reduce((sum, size) => sum + size, 0)).toBe(287_722);
  });

  it('gives features and logits of the declared shapes', () => {
    const parameters = toTensors(initializeParameters(classifierSpecs(TINY), RNG));
    const { features, logits } = classifierForward(TINY, parameters, tf.ones([3, 8, 8, 1]));
    expect(features.shape).toEqual([3, 6]);
    expect(logits.shape).toEqual([3, 2]);
    expect(features.min().dataSync()[0]).toBeGreaterThanOrEqual(0);
  });

  it('refuses an architecture without stages', () => {
    expect(() => featureCount({ ...TINY, widths: [] })).toThrow('at least one stage');
  });
});

describe('ClassifierTask', () => {
  /** Class 0: a dot in the upper half; class 1: a bar in the lower half. */
  function batch(size: number): HostTensors {
    const labels = Int32Array.from({ length: size }, (_, i) => i % 2);
    const images = new Float32Array(size * 64).fill(-1);
    labels.forEach((label, i) => {
      if (label === 0) images[i * 64 + 2 * 8 + 3] = 1;
      else images.fill(1, i * 64 + 5 * 8 + 2, i * 64 + 5 * 8 + 6);
    });
    return {
      images: { shape: [size, 8, 8, 1], dtype: 'float32', data: images },
      labels: { shape: [size], dtype: 'int32', data: labels },
    };
  }

  it('draws noise of the declared shapes, the same for the same iteration', () => {
    const task = new ClassifierTask(TINY);
    const noise = task.drawNoise(RNG, 5, 4);
    for (const [name, spec] of Object.entries(task.noiseSpecs(4))) {
      expect(noise[name]).toMatchObject(spec);
    }
    expect(task.drawNoise(RNG, 5, 4)).toEqual(noise);
    expect(task.drawNoise(RNG, 6, 4)).not.toEqual(noise);
  });

  it('shifts images by whole pixels and fills with background', () => {
    // The loss under shift matrices must equal the loss of images that were shifted by hand.
    const task = new ClassifierTask(TINY, 1);
    const parameters = toTensors(initializeParameters(task.parameterSpecs, RNG));
    const shifted = (rows: number, columns: number): HostTensors => {
      const values: Rng = {
        ...RNG,
        integers: (_s, _i, count) =>
          Int32Array.from({ length: count }, (_, i) => 1 + (i < count / 2 ? rows : columns)),
      };
      return task.drawNoise(values, 0, 2);
    };
    const original = batch(2);
    const moved = batch(2);
    const source = original['images']!.data;
    moved['images']!.data.fill(-1);
    for (let i = 0; i < 2; i++) {
      for (let y = 1; y < 8; y++) {
        for (let x = 0; x < 7; x++) {
          moved['images']!.data[i * 64 + y * 8 + x] = source[i * 64 + (y - 1) * 8 + x + 1]!;
        }
      }
    }
    const loss = (values: HostTensors) =>
      task.evaluate(parameters, toTensors(values)).loss.dataSync()[0]!;
    const byMatrix = loss({ ...original, ...shifted(1, -1) });
    expect(byMatrix).toBeCloseTo(loss({ ...moved, ...shifted(0, 0) }), 6);
    expect(Math.abs(byMatrix - loss({ ...original, ...shifted(0, 0) }))).toBeGreaterThan(1e-5);
  });

  it('learns to tell two shapes apart', () => {
    const task = new ClassifierTask(TINY, 1);
    const initial = initializeParameters(task.parameterSpecs, RNG);
    const variables = Object.fromEntries(
      Object.entries(toTensors(initial)).map(([name, value]) => [name, tf.variable(value)]),
    );
    const optimizer = tf.train.adam(0.01);
    const losses = Array.from({ length: 60 }, (_, iteration) =>
      tf.tidy(() => {
        const inputs = toTensors({ ...batch(16), ...task.drawNoise(RNG, iteration, 16) });
        const cost = optimizer.minimize(
          () => task.evaluate(variables, inputs).loss.asScalar(),
          true,
        );
        return cost!.dataSync()[0]!;
      }),
    );
    expect(losses[0]!).toBeGreaterThan(0.3);
    expect(losses.at(-1)!).toBeLessThan(0.1);
    const { metrics } = task.evaluate(
      variables,
      toTensors({ ...batch(16), ...task.drawNoise(RNG, 1000, 16) }),
    );
    expect(metrics['accuracy']!.dataSync()[0]).toBe(1);
  });

  it('names what it needs', () => {
    expect(() => new ClassifierTask(TINY).evaluate({}, {})).toThrow(/needs images, labels/);
  });
});
