import path from 'node:path';
import { readSafetensors } from '@ar-distill/checkpoints';
import type { FeatureNetworkProvider } from '@ar-distill/core';
import { supervisedSettingsSchema } from '@ar-distill/core/optimization';
import { mnist } from '../dataset/mnist';
import { MNIST_CLASSIFIER } from './classifier';
import { ClassifierFeatures, classifierOutputs } from './classifier-features';
import { ClassifierTask } from './classifier-task';

/** Files that ship with this package. */
const ASSETS = path.join(__dirname, '..', '..', 'assets');
const NAME = 'mnist-classifier';

/** A small classifier of digits; distances in its features are called FID-MNIST, never plain FID. */
export const mnistClassifier: FeatureNetworkProvider = {
  name: NAME,
  summary: 'small convolutional classifier of MNIST digits, for FID-MNIST and class accuracy',
  frechetName: 'FID-MNIST',
  definition:
    'FID-MNIST is the Fréchet distance between generated images and the 10,000 images of the MNIST ' +
    'test set, in the 128 features of the small classifier that ships with @ar-distill/plugin-mnist. ' +
    'It cannot be compared with FIDs in Inception features.',
  outputs: classifierOutputs(MNIST_CLASSIFIER),
  imageShape: mnist.imageShape,
  references: { [mnist.name]: path.join(ASSETS, 'test-statistics.safetensors') },
  async open(compiler, { weights, batchSize } = {}) {
    return ClassifierFeatures.create(compiler, {
      name: NAME,
      architecture: MNIST_CLASSIFIER,
      batchSize,
      weights:
        typeof weights === 'object'
          ? weights
          : (await readSafetensors(weights ?? path.join(ASSETS, 'classifier.safetensors'))).tensors,
    });
  },
  training: {
    dataset: mnist.name,
    // Fixed before anything was tuned with the metric.
    settings: supervisedSettingsSchema.parse({
      iterations: 2000,
      batchSize: 128,
      learningRate: 2e-3,
      weightDecay: 0.01,
      emaDecay: 0.999,
    }),
    createTask: () => new ClassifierTask(MNIST_CLASSIFIER),
    architecture: MNIST_CLASSIFIER,
  },
};
