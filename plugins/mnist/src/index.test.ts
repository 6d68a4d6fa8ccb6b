import { PLUGIN_CONTRACT_VERSION } from '@ar-distill/core';
import plugin, { mnist, mnistClassifier } from './index';

describe('the plugin', () => {
  it('contributes a data set and a feature network that fit each other', () => {
    expect(plugin).toMatchObject({ contractVersion: PLUGIN_CONTRACT_VERSION, name: 'mnist' });
    expect(plugin.datasets).toEqual([mnist]);
    expect(plugin.featureNetworks).toEqual([mnistClassifier]);
    expect(mnistClassifier.imageShape).toEqual(mnist.imageShape);
    expect(mnistClassifier.outputs.logits).toBe(mnist.classes);
  });
});
