import { arBackbone, arModelFields } from '@ar-distill/backbone-kit';
import { ArDiffusionGenerator, labelsOf, PLAIN_SAMPLING } from '@ar-distill/core';
import { createRng, elementCount, float32, type HostTensors } from '@ar-distill/program';
import * as tf from '@tensorflow/tfjs';
import { z } from 'zod';

/** Its codes are the directions of these rows. */
const UNIT_CODEBOOK = 'quantize.embedding.weight';

/** Features that depend on class and position alone. */
const backbone = arBackbone({
  name: 'table',
  summary: 'for a test',
  architectureSchema: z.strictObject(arModelFields),
  createModel: ({ channels, numClasses, width }) => ({
    layout: { channels, stepLengths: [1, 1, 1, 1] },
    parameterSpecs: {
      table: { shape: [numClasses + 1, 4, width], init: { kind: 'normal', std: 1 } },
    },
    features: ({ table }, _codes, condition) => tf.gather(table!, labelsOf(condition)),
  }),
});
const sizes = {
  numClasses: 2,
  vocabSize: 5,
  channels: 3,
  width: 6,
  codeScale: 1.5,
  tokenizer: {
    imageSize: 4,
    imageChannels: 1,
    baseChannels: 4,
    channelMultipliers: [1, 1],
    groups: 2,
    latentChannels: 4,
  },
};

beforeAll(() => tf.setBackend('cpu'));

it('keeps the teacher’s classifier where it is told to, and one step emits the expected code', () => {
  const architecture = backbone.architectureSchema.parse({ ...sizes, keepClassifier: true });
  const network = backbone.createNetwork(architecture);
  const teacher = backbone.createTeacher(architecture, PLAIN_SAMPLING);
  const rng = createRng(3);
  const values: HostTensors = Object.fromEntries(
    Object.entries(teacher.parameterSpecs).map(([name, { shape }]) => [
      name,
      float32(shape, rng.normal(name, 0, elementCount(shape))),
    ]),
  );
  expect(network.initializeFromTeacher(values, rng)).toEqual(values);
  expect(network.isTrainable('output.weight')).toBe(true);
  expect(network.isHeadParameter('output.weight')).toBe(true);
  expect(network.isTrainable(UNIT_CODEBOOK)).toBe(false);

  const data = (name: string): Float32Array => values[name]!.data as Float32Array;
  const tensors = Object.fromEntries(
    Object.entries(values).map(([name, { shape }]) => [name, tf.tensor(data(name), [...shape])]),
  );
  const noise = tf.tensor3d(rng.normal('noise', 0, 12), [1, 4, 3]);
  const labels = tf.tensor1d([1], 'int32');
  const emitted = new ArDiffusionGenerator(network).generate(tensors, noise, { labels });
  const rows = (name: string, width: number): number[][] =>
    Array.from({ length: data(name).length / width }, (_, i) => [
      ...data(name).subarray(i * width, (i + 1) * width),
    ]);
  const features = rows('table', 6).slice(4, 8);
  const [weight, bias, codes] = [
    rows('output.weight', 6),
    data('output.bias'),
    rows(UNIT_CODEBOOK, 3),
  ];
  features.forEach((feature, position) => {
    const scores = weight.map((row, j) =>
      Math.exp(row.reduce((sum, value, i) => sum + value * feature[i]!, bias[j]!)),
    );
    const total = scores.reduce((sum, score) => sum + score, 0);
    for (let channel = 0; channel < 3; channel++) {
      const expected = codes.reduce(
        (sum, code, j) => sum + ((scores[j]! / total) * 1.5 * code[channel]!) / Math.hypot(...code),
        0,
      );
      expect(emitted.dataSync()[position * 3 + channel]).toBeCloseTo(expected, 4);
    }
  });
});

it('refuses a head beside a kept classifier', () => {
  const parsed = backbone.architectureSchema.safeParse({
    ...sizes,
    keepClassifier: true,
    headDepth: 1,
  });
  expect(parsed.error?.issues).toMatchObject([
    {
      path: ['headDepth'],
      message: 'With keepClassifier there is no diffusion head: leave it out.',
    },
  ]);
});
