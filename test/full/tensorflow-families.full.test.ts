import { describeBackends } from '@ar-distill/engine';
import { distilOn, worstTensor } from '../tensorflow/distil-on';

const SHORT = {
  teacherPoolSize: 64,
  tuning: { headIterations: 2, fullIterations: 2, batchSize: 8 },
  generatorIterations: 2,
  batchSize: 8,
  checkpointInterval: 2,
};
const ADAPTATION = {
  sequences: 64,
  heldOut: 16,
  regression: { iterations: 5 },
  fineTuning: { iterations: 2 },
};

// Whoever runs these tests has built TensorFlow (docs/tensorflow.md), or learns here how.
beforeAll(async () => {
  const found = (await describeBackends()).find(({ name }) => name === 'tensorflow');
  if (!found?.available) throw new Error(found?.detail);
});

it.each([
  { preset: 'mnist-var', settings: SHORT },
  { preset: 'mnist-llamagen', settings: SHORT, adaptation: ADAPTATION },
])(
  'distils $preset on TensorFlow to the weights of the compiled engine',
  async (options) => {
    const compiled = await distilOn('onnxruntime', options);
    const eager = await distilOn('tensorflow', options);
    expect(Object.keys(eager).sort()).toEqual(Object.keys(compiled).sort());
    const { name, error } = worstTensor(eager, compiled);
    expect(error < 1e-3 ? '' : `${name}: ${error}`).toBe('');
  },
  3_600_000,
);
