import * as tf from '@tensorflow/tfjs';
import { ArDiffusionGenerator, type Condition, sequenceLength } from '@ar-distill/core';
import { eulerSolve, velocityToDenoised } from '@ar-distill/core/math';
import { sampleArDiffusion } from '@ar-distill/core/sampling';
import { initializeParameters, type Parameters, toTensors } from '@ar-distill/nn';
import { hashRng } from './hash-rng';
import { LAYOUT, TinyNetwork, tinyNoise, TinyTeacher } from './tiny-plugin';

const LENGTH = sequenceLength(LAYOUT);
const network = new TinyNetwork();
let parameters: Parameters;
let noise: tf.Tensor;
let condition: Condition;

beforeAll(async () => {
  tf.enableProdMode();
  await tf.setBackend('cpu');
  parameters = toTensors(initializeParameters(network.parameterSpecs, hashRng(1)));
  noise = toTensors({ noise: tinyNoise(hashRng(2), 3) }).noise!;
  condition = { labels: tf.tensor1d([0, 2, 1], 'int32') };
});

const difference = (a: tf.Tensor, b: tf.Tensor): number =>
  tf.max(tf.abs(tf.sub(a, b))).dataSync()[0]!;

describe('the Euler solver', () => {
  test('is exact for a straight path, in any number of steps', () => {
    const data = tf.tensor([1, -2, 3, 0.5], [1, 2, 2]);
    const start = tf.tensor([0.3, 0.4, -1, 2], [1, 2, 2]);
    for (const steps of [1, 3, 10]) {
      const end = eulerSolve(() => tf.sub(start, data), start, steps);
      expect(difference(end, data)).toBeLessThan(1e-6);
    }
  });

  test('one step is the denoised prediction of the noise', () => {
    const velocity = (xT: tf.Tensor): tf.Tensor => tf.tanh(xT);
    const one = velocityToDenoised(velocity(noise), noise, tf.ones([3, LENGTH]));
    expect(difference(eulerSolve(velocity, noise, 1), one)).toBeLessThan(1e-7);
  });

  test('visits t = 1 first and never t = 0', () => {
    const visited: number[] = [];
    eulerSolve(
      (xT, t) => {
        visited.push(t.dataSync()[0]!);
        return tf.zerosLike(xT);
      },
      noise,
      4,
    );
    expect(visited).toEqual([1, 0.75, 0.5, 0.25]);
  });

  test('refuses less than one step', () => {
    expect(() => eulerSolve((xT) => xT, noise, 0)).toThrow(RangeError);
  });
});

describe('the one-step generator', () => {
  const generate = (input: tf.Tensor): tf.Tensor =>
    new ArDiffusionGenerator(network).generate(parameters, input, condition);

  test('is noise minus the velocity at t = 1 on features of the noise', () => {
    const features = network.features(parameters, noise, condition);
    const t = tf.ones([1, 3, LENGTH]);
    const velocity = network.velocity(parameters, features, tf.expandDims(noise, 0), t);
    expect(difference(generate(noise), tf.sub(noise, tf.squeeze(velocity, [0])))).toBeLessThan(
      1e-6,
    );
  });

  test('a position reads its own noise and that of earlier AR steps', () => {
    // The second AR step has positions 1 and 2.
    const moved = tf.add(noise, tf.oneHot(tf.scalar(1, 'int32'), LENGTH).reshape([1, LENGTH, 1]));
    const changes = tf.max(tf.abs(tf.sub(generate(moved), generate(noise))), [0, 2]).dataSync();
    expect(Array.from(changes, (change) => change > 0)).toEqual([
      false,
      true,
      false,
      true,
      true,
      true,
    ]);
  });
});

describe('the AR-diffusion sampler', () => {
  test('with one solver step and features of its own output it is self-consistent', () => {
    const sequence = sampleArDiffusion(network, parameters, noise, condition, 1);
    expect(sequence.shape).toEqual([3, LENGTH, LAYOUT.channels]);
    // Teacher-forced on the result, every position must be the same function of its own noise.
    const features = network.features(parameters, sequence, condition);
    const t = tf.ones([1, 1, 1]);
    const velocity = network.velocity(parameters, features, tf.expandDims(noise, 0), t);
    expect(difference(sequence, tf.sub(noise, tf.squeeze(velocity, [0])))).toBeLessThan(1e-6);
  });

  test('more solver steps still read only what is finished', () => {
    const sequence = sampleArDiffusion(network, parameters, noise, condition, 5);
    const features = network.features(parameters, sequence, condition);
    const again = eulerSolve(
      (xT, t) =>
        tf.squeeze(
          network.velocity(parameters, features, tf.expandDims(xT, 0), tf.expandDims(t, 0)),
          [0],
        ),
      noise,
      5,
    );
    expect(difference(sequence, again)).toBeLessThan(1e-6);
  });
});

describe('a discrete teacher', () => {
  const sampling = { guidanceScale: 1.5, topK: 4, topP: 0.95, temperature: 1 };

  test('predicts the mean code from noise alone', () => {
    const teacher = new TinyTeacher(sampling);
    const weights = toTensors(initializeParameters(teacher.parameterSpecs, hashRng(5)));
    const reading = teacher.read(weights, noise, condition);
    const mean = tf.matMul(
      tf.reshape(tf.exp(reading.logProbs!), [3 * LENGTH, -1]),
      teacher.scaledCodebook(weights) as tf.Tensor2D,
    );
    const denoised = teacher.denoised(reading, noise, tf.ones([3, LENGTH]));
    expect(difference(denoised, tf.reshape(mean, denoised.shape))).toBeLessThan(1e-5);
  });

  test('names what is missing of a reading that is not its own', () => {
    const teacher = new TinyTeacher(sampling);
    expect(() => teacher.denoised({}, noise, tf.ones([3, LENGTH]))).toThrow('"logProbs"');
  });
});
