import * as tf from '@tensorflow/tfjs';
import { initializeParameters, type Parameters, toTensors } from '@ar-distill/nn';
import {
  llamagenArchitectureSchema,
  LlamagenNetwork,
  LlamagenTeacher,
} from '@ar-distill/plugin-llamagen';
import type { HostTensors } from '@ar-distill/program';
import { hashRng } from '../core/hash-rng';
import { plainSampling } from './fixture';

const testRng = hashRng(1);

const base = {
  gridSize: 2,
  vocabSize: 10,
  channels: 4,
  numClasses: 3,
  width: 32,
  depth: 2,
  heads: 4,
  multipleOf: 8,
  codeScale: 1.5,
  tokenizer: { imageSize: 2, baseChannels: 8, channelMultipliers: [1], groups: 4 },
};
const full = llamagenArchitectureSchema.parse(base);
const shared = llamagenArchitectureSchema.parse({ ...base, keyValueHeads: 2 });
const adapted = llamagenArchitectureSchema.parse({ ...base, inputEmbedding: 'mlp' });

beforeAll(async () => {
  tf.enableProdMode();
  await tf.setBackend('cpu');
});

function randomParameters(specs: LlamagenTeacher['parameterSpecs']): Record<string, tf.Tensor> {
  return Object.fromEntries(
    Object.entries(specs).map(([name, { shape }]) => {
      const count = shape.reduce((a, b) => a * b, 1);
      return [name, tf.tensor(testRng.normal(name, 0, count), [...shape]).mul(0.3)];
    }),
  );
}

it('shares keys and values between neighbouring heads', () => {
  const teacher = new LlamagenTeacher(shared, plainSampling);
  const parameters = randomParameters(teacher.parameterSpecs);
  expect(teacher.parameterSpecs['layers.0.attention.wqkv.weight']!.shape).toEqual([64, 32]);

  // The same function with the rows of every shared head written out twice.
  const repeated: Record<string, tf.Tensor> = { ...parameters };
  for (const layer of [0, 1]) {
    const name = `layers.${layer}.attention.wqkv.weight`;
    const rows = (from: number): tf.Tensor => parameters[name]!.slice([from, 0], [8, 32]);
    const [q, k0, k1, v0, v1] = [
      parameters[name]!.slice([0, 0], [32, 32]),
      ...[32, 40, 48, 56].map(rows),
    ] as [tf.Tensor, tf.Tensor, tf.Tensor, tf.Tensor, tf.Tensor];
    repeated[name] = tf.concat([q, k0, k0, k1, k1, v0, v0, v1, v1], 0);
  }
  const tokens = tf.tensor2d([[3, 1, 4, 1]], [1, 4], 'int32');
  const condition = { labels: tf.tensor1d([2], 'int32') };
  const own = teacher.logitsOfTokens(parameters, tokens, condition);
  const other = new LlamagenTeacher(full, plainSampling).logitsOfTokens(
    repeated,
    tokens,
    condition,
  );
  expect(own.abs().max().dataSync()[0]!).toBeGreaterThan(0.1);
  expect(own.sub(other).abs().max().dataSync()[0]!).toBeLessThan(1e-4);
});

describe('initialisation from a teacher', () => {
  const weightsOf = (architecture: typeof full): HostTensors =>
    initializeParameters(new LlamagenTeacher(architecture, plainSampling).parameterSpecs, testRng);
  const network = new LlamagenNetwork(full);

  it('copies the backbone and, from an adapted teacher, the input MLP', () => {
    const weights = weightsOf(adapted);
    const own = new LlamagenNetwork(adapted).initializeFromTeacher(weights, testRng);
    expect(Object.keys(own).sort()).toEqual(Object.keys(network.parameterSpecs).sort());
    for (const name of Object.keys(own)) {
      if (!network.isHeadParameter(name)) expect(own[name]).toBe(weights[name]);
    }
    expect(own['continuous_embedding.fc1.weight']).toBeDefined();
    expect(own['output.weight']).toBeUndefined();
  });

  it('makes a fresh input MLP for a teacher with the table', () => {
    const own = network.initializeFromTeacher(weightsOf(full), testRng);
    expect(own['continuous_embedding.fc1.weight']!.data.some((value) => value !== 0)).toBe(true);
    expect(own['tok_embeddings.weight']).toBeUndefined();
  });

  it('names what the teacher lacks', () => {
    const { 'norm.weight': removed, ...incomplete } = weightsOf(full);
    expect(removed).toBeDefined();
    expect(() => network.initializeFromTeacher(incomplete, testRng)).toThrow(
      /"norm.weight" is missing/,
    );
    expect(() =>
      new LlamagenNetwork(shared).initializeFromTeacher(weightsOf(full), testRng),
    ).toThrow(/wqkv.weight" is \[96, 32\] but the architecture needs \[64, 32\]/);
  });
});

it('gives an adapted teacher and its network the same backbone input', () => {
  const teacher = new LlamagenTeacher(adapted, plainSampling);
  const parameters: Parameters = randomParameters(teacher.parameterSpecs);
  const tokens = tf.tensor2d([[3, 1, 4, 1]], [1, 4], 'int32');
  const condition = { labels: tf.tensor1d([1], 'int32') };
  const codes = tf.gather(teacher.codebook(parameters), tokens);
  const network = new LlamagenNetwork(adapted);
  const features = network.features(parameters, codes.mul(adapted.codeScale), condition);
  const logits = tf.matMul(features.reshape([4, 32]), parameters['output.weight']!, false, true);
  const expected = teacher.logitsOfTokens(parameters, tokens, condition).reshape([4, 10]);
  expect(logits.sub(expected).abs().max().dataSync()[0]!).toBeLessThan(1e-4);
  // Continuous input is read as it is, not at unit length.
  const shorter = teacher.logits(parameters, codes.mul(0.5), condition).reshape([4, 10]);
  expect(shorter.sub(expected).abs().max().dataSync()[0]!).toBeGreaterThan(1e-3);
});

it('starts with zero velocity', () => {
  const weights = initializeParameters(new LlamagenNetwork(full).parameterSpecs, testRng);
  const noise = tf.tensor(testRng.normal('noise', 0, 16), [1, 1, 4, 4]);
  const network = new LlamagenNetwork(full);
  const parameters = toTensors(weights);
  const features = network.features(parameters, noise.squeeze([0]), {
    labels: tf.tensor1d([0], 'int32'),
  });
  const velocity = network.velocity(parameters, features, noise, tf.fill([1, 1, 1], 1));
  // The head's last layer starts at zero.
  expect(velocity.abs().max().dataSync()[0]).toBe(0);
  expect(features.shape).toEqual([1, 4, 32]);
});

it('that keeps the classifier has the velocity of its teacher, and trains no codes', () => {
  const architecture = llamagenArchitectureSchema.parse({ ...adapted, keepClassifier: true });
  const network = new LlamagenNetwork(architecture);
  const teacher = new LlamagenTeacher(architecture, plainSampling);
  const weights = initializeParameters(teacher.parameterSpecs, testRng);
  // A fresh classifier is zero, and would hide which one it is.
  const parameters = {
    ...toTensors(weights),
    ...randomParameters({ 'output.weight': teacher.parameterSpecs['output.weight']! }),
  };
  const taken = network.initializeFromTeacher(weights, testRng);
  const own = { ...toTensors(taken), 'output.weight': parameters['output.weight']! };
  expect(Object.keys(taken).filter((name) => !network.isTrainable(name))).toEqual([
    'quantize.embedding.weight',
  ]);
  expect(network.isHeadParameter('output.weight')).toBe(true);
  const [sequence, xT] = ['sequence', 'xT'].map((name) =>
    tf.tensor(testRng.normal(name, 0, 32), [2, 4, 4]),
  ) as [tf.Tensor, tf.Tensor];
  const t = tf
    .tensor(testRng.uniform('t', 0, 8), [2, 4])
    .mul(0.9)
    .add(0.05);
  const condition = { labels: tf.tensor1d([0, 2], 'int32') };
  const features = network.features(own, sequence, condition);
  const velocity = network.velocity(own, features, xT.expandDims(0), t.expandDims(0)).squeeze([0]);
  const denoised = teacher.denoised(teacher.read(parameters, sequence, condition), xT, t);
  const expected = xT.sub(denoised).div(t.expandDims(-1));
  expect(velocity.sub(expected).abs().max().dataSync()[0]!).toBeLessThan(1e-4);
});
