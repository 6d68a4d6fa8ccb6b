import { definePlugin } from '@ar-distill/core';
import { mnistClassifier } from './classifier/mnist-classifier';
import { mnist } from './dataset/mnist';

export { mnist, mnistClassifier };

/** The MNIST data set, and the classifier whose features judge generated digits. */
export const plugin = definePlugin({
  name: 'mnist',
  summary: 'the MNIST data set, and its classifier as a feature network',
  datasets: [mnist],
  featureNetworks: [mnistClassifier],
});

export default plugin;
