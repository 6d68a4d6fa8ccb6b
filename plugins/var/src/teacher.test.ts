import type { Parameters } from '@ar-distill/nn';
import * as tf from '@tensorflow/tfjs';
import { varArchitectureSchema } from './architecture';
import { VarTeacher } from './teacher';

/** Logits of the official PyTorch module (var.py, float32) for the model below. */
const OFFICIAL = [
  [2.20584, 1.30256, -0.18848, -1.59065, -2.26923, -1.9188],
  [2.19395, 1.18891, -0.35287, -1.732, -2.32409, -1.86255],
  [2.21405, 1.19174, -0.36857, -1.75919, -2.35056, -1.87642],
  [2.26723, 1.22884, -0.36422, -1.78952, -2.40197, -1.92583],
  [2.33501, 1.29005, -0.33705, -1.8086, -2.45872, -1.99478],
  [2.44681, 1.43102, -0.2302, -1.78382, -2.52714, -2.12569],
  [2.47875, 1.48218, -0.18278, -1.76143, -2.53983, -2.16776],
  [2.42509, 1.42675, -0.21509, -1.75612, -2.49928, -2.11018],
  [2.33382, 1.32791, -0.27714, -1.75353, -2.43321, -2.01028],
  [2.25517, 1.24891, -0.32102, -1.74259, -2.37237, -1.92685],
  [2.22278, 1.21107, -0.34733, -1.74556, -2.35067, -1.89021],
  [2.23732, 1.22042, -0.34737, -1.75497, -2.36523, -1.90338],
  [2.27661, 1.2413, -0.35427, -1.78656, -2.40732, -1.93709],
  [2.34964, 1.31733, -0.30937, -1.79294, -2.46212, -2.01571],
];

const architecture = varArchitectureSchema.parse({
  patchNums: [1, 2, 3],
  vocabSize: 6,
  channels: 4,
  numClasses: 3,
  width: 8,
  depth: 2,
  heads: 2,
  sharedAdaLn: true,
  attnL2Norm: false,
  phi: { layers: 0 },
  tokenizer: {
    imageSize: 6,
    baseChannels: 8,
    channelMultipliers: [1, 1],
    groups: 4,
  },
});

/** Parameter i in the order of the names is ½·sin(0.7·j + i). */
function sineParameters(specs: VarTeacher['parameterSpecs']): Parameters {
  const names = Object.keys(specs).sort();
  return Object.fromEntries(
    names.map((name, i) => {
      const { shape } = specs[name]!;
      const count = shape.reduce((product, size) => product * size, 1);
      const values = Float32Array.from({ length: count }, (_, j) => 0.5 * Math.sin(0.7 * j + i));
      return [name, tf.tensor(values, [...shape])];
    }),
  );
}

it('matches the official module with shared adaLN, without l2 norm, with a φ per scale', async () => {
  tf.enableProdMode();
  await tf.setBackend('cpu');
  const teacher = new VarTeacher(architecture, {
    guidanceScale: 0,
    topK: 0,
    topP: 1,
    temperature: 1,
  });
  const parameters = sineParameters(teacher.parameterSpecs);
  const tokens = tf.tensor2d([[2, 0, 5, 3, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0]], [1, 14], 'int32');
  const codes = teacher.quantizer.lookUp(parameters, tokens);
  const logits = teacher.logits(parameters, codes, { labels: tf.tensor1d([1], 'int32') });
  expect(logits.shape).toEqual([1, 14, 6]);
  const expected = OFFICIAL.flat();
  logits.dataSync().forEach((value, i) => expect(value).toBeCloseTo(expected[i]!, 4));
});
