import * as tf from '@tensorflow/tfjs';
import { initializeParameters } from '@ar-distill/nn';
import {
  createRng,
  float32,
  type HostTensor,
  type HostTensors,
  int32,
  type StepCompiler,
} from '@ar-distill/program';
import {
  type ClassifierArchitecture,
  classifierSpecs,
  MNIST_CLASSIFIER,
} from '../../plugins/mnist/src/classifier/classifier';
import { ClassifierFeatures } from '../../plugins/mnist/src/classifier/classifier-features';
import { mnistClassifier } from '../../plugins/mnist/src/classifier/mnist-classifier';
import { EagerCompiler } from '../core/eager-compiler';

const ARCHITECTURE: ClassifierArchitecture = {
  imageSize: 6,
  imageChannels: 1,
  widths: [4, 5],
  numClasses: 3,
};

const RNG = createRng(3);
const WEIGHTS = initializeParameters(classifierSpecs(ARCHITECTURE), RNG);
const IMAGES = float32(
  [10, 6, 6, 1],
  RNG.uniform('images', 0, 360).map((value) => 2 * value - 1),
);

beforeAll(async () => {
  tf.enableProdMode();
  await tf.setBackend('cpu');
});

function load(batchSize: number, compiler: StepCompiler = new EagerCompiler()) {
  return ClassifierFeatures.create(compiler, {
    name: 'tiny',
    architecture: ARCHITECTURE,
    weights: WEIGHTS,
    batchSize,
  });
}

describe('ClassifierFeatures', () => {
  it('gives the same whatever the batch size, and no more than was asked for', async () => {
    const whole = await (await load(10)).extract(IMAGES, ['pool', 'logits', 'layers']);
    const parts = await load(4);
    for (const which of ['pool', 'logits', 'layers'] as const) {
      const alone = await parts.extract(IMAGES, [which]);
      expect(Object.keys(alone)).toEqual([which]);
      expect(alone[which]).toEqual(whole[which]);
    }
    expect(whole.pool!.shape).toEqual([10, 5]);
    expect(whole.logits!.shape).toEqual([10, 3]);
    expect(whole.layers!.map(({ shape }) => shape)).toEqual(
      parts.outputs.layers!.map((shape) => [10, ...shape]),
    );
  });

  it('has maps whose last one has the pooled features as its means', async () => {
    const { pool, layers } = await (await load(10)).extract(IMAGES, ['pool', 'layers']);
    const [, height, width, channels] = layers!.at(-1)!.shape as [number, number, number, number];
    const means = new Float64Array(10 * channels);
    layers!.at(-1)!.data.forEach((value, at) => {
      const image = Math.floor(at / (height * width * channels));
      means[image * channels + (at % channels)]! += value / (height * width);
    });
    expect(Math.max(...means)).toBeGreaterThan(0.1);
    means.forEach((mean, at) => expect(pool!.data[at]).toBeCloseTo(mean, 5));
  });

  it('compiles the maps once, when they are asked for', async () => {
    const compiler = new EagerCompiler();
    const network = await load(10, compiler);
    await network.extract(IMAGES, ['logits']);
    expect(compiler.compiled).toBe(1);
    await network.extract(IMAGES, ['layers']);
    await network.extract(IMAGES, ['layers', 'pool']);
    expect(compiler.compiled).toBe(2);
    await network.dispose();
    expect(compiler.disposed).toBe(2);
  });

  it('refuses images of another shape, saying which it reads', async () => {
    const network = await load(4);
    const refused = (images: HostTensor) =>
      expect(network.extract(images, ['pool'])).rejects.toThrow(RangeError);
    await refused(float32([1, 4, 9, 1], new Float32Array(36)));
    await refused(float32([36], new Float32Array(36)));
    await refused(int32([1, 6, 6, 1], new Int32Array(36)));
    await expect(
      network.extract(float32([2, 8, 8, 3], new Float32Array(384)), ['pool']),
    ).rejects.toThrow('"tiny" reads float32 images of 6×6×1 pixels, not float32 of 8×8×3.');
  });

  it('refuses incomplete weights', async () => {
    const { 'head.bias': bias, ...rest } = WEIGHTS;
    const create = (weights: HostTensors) =>
      ClassifierFeatures.create(new EagerCompiler(), {
        name: 'tiny',
        architecture: ARCHITECTURE,
        weights,
      });
    await expect(create(rest)).rejects.toThrow(/lack "head.bias"/);
    const wrong = { ...rest, 'head.bias': { ...bias!, shape: [1, 3] } };
    await expect(create(wrong)).rejects.toThrow(/shape \[1, 3\], not \[3\]/);
  });
});

describe('the MNIST classifier', () => {
  const blank = float32([1, 32, 32, 1], new Float32Array(1024).fill(-1));

  it('opens the weights that ship', async () => {
    const network = await mnistClassifier.open(new EagerCompiler(), { batchSize: 1 });
    expect(network.outputs).toEqual({
      pool: 128,
      logits: 10,
      layers: [
        [16, 16, 32],
        [8, 8, 64],
        [4, 4, 128],
      ],
    });
    expect(network.outputs).toEqual(mnistClassifier.outputs);
    const { layers, pool } = await network.extract(blank, ['pool', 'layers']);
    expect(pool!.shape).toEqual([1, 128]);
    expect(layers!.map(({ shape }) => shape)).toEqual(
      network.outputs.layers!.map((shape) => [1, ...shape]),
    );
  });

  it('opens other weights: a file, or those of a training that has just ended', async () => {
    const weights = initializeParameters(classifierSpecs(MNIST_CLASSIFIER), RNG);
    const network = await mnistClassifier.open(new EagerCompiler(), { weights, batchSize: 1 });
    const shipped = await mnistClassifier.open(new EagerCompiler(), { batchSize: 1 });
    expect(await network.extract(blank, ['pool'])).not.toEqual(
      await shipped.extract(blank, ['pool']),
    );
    await expect(
      mnistClassifier.open(new EagerCompiler(), { weights: 'none.safetensors' }),
    ).rejects.toThrow(/none\.safetensors/);
  });

  it('is trained on the data set that it measures against', () => {
    const { training, references = {} } = mnistClassifier;
    expect(Object.keys(references)).toEqual([training!.dataset]);
    expect(training!.createTask().parameterSpecs).toEqual(classifierSpecs(MNIST_CLASSIFIER));
    expect(training!.createTask().batchSpecs(2)['images']!.shape).toEqual([
      2,
      ...mnistClassifier.imageShape!,
    ]);
  });
});
