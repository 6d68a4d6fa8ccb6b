import {
  type Condition,
  type FlowMapNetwork,
  type FlowMapPrediction,
  sequenceLength,
  stepOfPosition,
} from '@ar-distill/core';
import { initializeParameters, type Parameters, type ParameterSpecs } from '@ar-distill/nn';
import {
  llamagenArchitectureSchema,
  LlamagenFlowMapNetwork,
  LlamagenTeacher,
} from '@ar-distill/plugin-llamagen';
import { varArchitectureSchema, VarFlowMapNetwork, VarTeacher } from '@ar-distill/plugin-var';
import type { HostTensors } from '@ar-distill/program';
import * as tf from '@tensorflow/tfjs';
import { testRng } from '../var/test-rng';

const common = { vocabSize: 12, channels: 4, numClasses: 3, width: 16, depth: 2, heads: 2 };
const small = {
  imageSize: 3,
  imageChannels: 1,
  baseChannels: 8,
  channelMultipliers: [1],
  groups: 4,
};
const sampling = { guidanceScale: 0, topK: 0, topP: 1, temperature: 1 };

const varSizes = { ...common, patchNums: [1, 2, 3], tokenizer: small };
const llamagenSizes = {
  ...common,
  gridSize: 3,
  multipleOf: 8,
  tokenizer: { ...small, latentChannels: 8 },
};
const ofVar = (more: object = {}) => {
  const architecture = varArchitectureSchema.parse({ ...varSizes, ...more });
  return {
    network: new VarFlowMapNetwork(architecture),
    teacher: new VarTeacher(architecture, sampling),
  };
};
const ofLlamagen = (more: object = {}) => {
  const architecture = llamagenArchitectureSchema.parse({ ...llamagenSizes, ...more });
  return {
    network: new LlamagenFlowMapNetwork(architecture),
    teacher: new LlamagenTeacher(architecture, sampling),
  };
};
const families = [
  ['VAR', ofVar, ofVar()],
  [
    'VAR with shared adaLN, without l2 norm',
    ofVar,
    ofVar({ sharedAdaLn: true, attnL2Norm: false }),
  ],
  ['VAR from 2×2 on', ofVar, ofVar({ patchNums: [2, 3] })],
  ['LlamaGen', ofLlamagen, ofLlamagen()],
  ['LlamaGen with grouped keys', ofLlamagen, ofLlamagen({ keyValueHeads: 1 })],
] as const;

let condition: Condition;

function gaussian(stream: string, shape: readonly number[]): tf.Tensor {
  const count = shape.reduce((a, b) => a * b, 1);
  return tf.tensor(testRng.normal(stream, 0, count), [...shape]);
}

/** Random values everywhere: what starts at zero would hide errors. */
function randomParameters({ parameterSpecs }: { parameterSpecs: ParameterSpecs }): Parameters {
  return Object.fromEntries(
    Object.entries(parameterSpecs).map(([name, { shape }]) => [
      name,
      gaussian(name, shape).mul(0.3),
    ]),
  );
}

/** [2, n]: 1 at the positions of the first `steps` AR steps. */
function dataUntil({ layout }: FlowMapNetwork, steps: number): tf.Tensor2D {
  const row = stepOfPosition(layout).map((step) => (step < steps ? 1 : 0));
  return tf.tensor2d([row, row]);
}

/** Largest change per position [2, n] of logits and vectors together. */
function changes(a: FlowMapPrediction, b: FlowMapPrediction): number[][] {
  const of = (x: tf.Tensor, y: tf.Tensor): tf.Tensor => x.sub(y).abs().max(2);
  return of(a.logits, b.logits).minimum(of(a.vectors, b.vectors)).arraySync() as number[][];
}

beforeAll(async () => {
  tf.enableProdMode();
  await tf.setBackend('cpu');
  condition = { labels: tf.tensor1d([0, 2], 'int32') };
});

describe.each(families)('the flow-map network of %s', (_, create, { network, teacher }) => {
  const length = sequenceLength(network.layout);
  const steps = stepOfPosition(network.layout);
  const tokens = () => gaussian('tokens', [2, length, 4]);

  it('scores all codes and makes a vector at every position', () => {
    const prediction = network.predict(
      randomParameters(network),
      tokens(),
      dataUntil(network, 1),
      condition,
    );
    expect(prediction.logits.shape).toEqual([2, length, network.vocabSize]);
    expect(prediction.vectors.shape).toEqual([2, length, 4]);
  });

  it('lets a position see itself and earlier AR steps, and whether they are data', () => {
    const parameters = randomParameters(network);
    // Sample i differs from the others at position i.
    const own = tf.eye(length);
    const all = tokens().slice(0, 1).tile([length, 1, 1]);
    const isData = dataUntil(network, 1).slice(0, 1).tile([length, 1]);
    const labels = { labels: tf.ones([length], 'int32') };
    const reference = network.predict(parameters, all, isData, labels);
    for (const changed of [
      network.predict(parameters, all.add(own.expandDims(2)), isData, labels),
      network.predict(parameters, all, isData.sub(own).abs(), labels),
    ]) {
      const seen = changes(changed, reference).map((row) => row.map((change) => change > 0));
      expect(seen).toEqual(
        steps.map((from, i) => steps.map((to, position) => i === position || from < to)),
      );
    }
  });

  it('depends on the class everywhere', () => {
    const parameters = randomParameters(network);
    const isData = dataUntil(network, 0);
    const of = (labels: number[]) =>
      network.predict(parameters, tokens(), isData, { labels: tf.tensor1d(labels, 'int32') });
    const [first, second] = changes(of([0, 2]), of([1, 2])) as [number[], number[]];
    expect(Math.min(...first)).toBeGreaterThan(0);
    expect(Math.max(...second)).toBe(0);
  });

  it('reads tokens as codes, and makes vectors as tokens', () => {
    const parameters = randomParameters(network);
    const isData = dataUntil(network, 1);
    const { network: scaled } = create({ ...teacher.architecture, codeScale: 4 });
    const plain = network.predict(parameters, tokens(), isData, condition);
    const other = scaled.predict(parameters, tokens().mul(4), isData, condition);
    expect(other.logits.sub(plain.logits).abs().max().dataSync()[0]!).toBeLessThan(1e-5);
    expect(other.vectors.sub(plain.vectors.mul(4)).abs().max().dataSync()[0]!).toBeLessThan(1e-5);
  });

  it('has finite gradients in all parameters', () => {
    const parameters = randomParameters(network);
    const names = Object.keys(parameters);
    expect(names.every((name) => network.isTrainable(name))).toBe(true);
    const gradients = tf.grads((...values: tf.Tensor[]) => {
      const own = Object.fromEntries(names.map((name, i) => [name, values[i]!]));
      const { logits, vectors } = network.predict(own, tokens(), dataUntil(network, 1), condition);
      return logits.square().mean().add(vectors.square().mean());
    })(names.map((name) => parameters[name]!));
    gradients.forEach((gradient, i) => {
      const size = gradient.abs().max().dataSync()[0]!;
      expect([names[i], Number.isFinite(size) && size > 0]).toEqual([names[i], true]);
    });
  });

  it('starts with the teacher and is refused another one', () => {
    const weights = initializeParameters(teacher.parameterSpecs, testRng);
    const own = network.initializeFromTeacher(weights, testRng);
    expect(Object.keys(own)).toEqual(Object.keys(network.parameterSpecs));
    const shared = Object.keys(own).filter((name) => own[name] === weights[name]);
    for (const [name, { shape, data }] of Object.entries(own)) {
      expect([name, shape]).toEqual([name, network.parameterSpecs[name]!.shape]);
      expect([name, data.every(Number.isFinite)]).toEqual([name, true]);
    }
    // All but the quantiser and what the tables below and the embedding of tokens become.
    const taken = Object.keys(weights).filter(
      (name) => !/^quantize\.|^pos_|^lvl_embed\.|^tok_embeddings\./.test(name),
    );
    expect(shared.sort()).toEqual(taken.sort());
    const { [taken[0]!]: removed, ...incomplete } = weights;
    expect(removed).toBeDefined();
    expect(() => network.initializeFromTeacher(incomplete, testRng)).toThrow(
      `The teacher's "${taken[0]}" is missing but the architecture needs`,
    );
  });
});

it('gives VAR the positions of its teacher, after a new one for the first token', () => {
  const { network, teacher } = ofVar({ patchNums: [2, 3] });
  const weights = initializeParameters(teacher.parameterSpecs, {
    normal: (stream, index, count) => testRng.normal(`teacher/${stream}`, index, count),
    uniform: (stream, index, count) => testRng.uniform(`teacher/${stream}`, index, count),
  });
  const own = network.initializeFromTeacher(weights, testRng);
  const rows = (values: HostTensors, name: string, from: number, to: number) => [
    ...values[name]!.data.slice(from * 16, to * 16),
  ];
  for (const [name, count] of [
    ['pos_1LC', 13],
    ['lvl_embed.weight', 2],
  ] as const) {
    expect(rows(own, name, 0, 1)).toEqual(rows(weights, name, 0, 1));
    expect(rows(own, name, 2, count + 1)).toEqual(rows(weights, name, 1, count));
    const fresh = rows(own, name, 1, 2);
    // The standard deviation is √(1/48); the largest of 16 is below four of them.
    expect(Math.max(...fresh.map(Math.abs))).toBeGreaterThan(0);
    expect(Math.max(...fresh.map(Math.abs))).toBeLessThan(4 / Math.sqrt(48));
    expect(fresh).not.toEqual(rows(weights, name, 1, 2));
  }
  expect(rows(own, 'pos_start', 0, 1)).toEqual(rows(weights, 'pos_start', 0, 1));
});

it('lets LlamaGen say one position later what its teacher says, when it reads its embeddings', () => {
  const { network, teacher } = ofLlamagen();
  const weights = randomParameters(teacher);
  const codes = gaussian('codes', [12, 4]);
  const embedding = gaussian('embedding', [16, 4]);
  const own: Parameters = {
    ...randomParameters(network),
    ...Object.fromEntries(
      Object.entries(weights).filter(([name]) => Object.hasOwn(network.parameterSpecs, name)),
    ),
    'tok_embeddings.weight': embedding,
    'tok_embeddings.bias': tf.zeros([16]),
    'n_d_embed.weight': tf.zeros([2, 16]),
  };
  const tokens = tf.tensor2d(testRng.integers('tokens', 0, 18, 12), [2, 9], 'int32');
  const table = tf.matMul(codes, embedding, false, true);
  const expected = teacher.logitsOfTokens(
    { ...weights, 'tok_embeddings.weight': table },
    tokens,
    condition,
  );
  const read = tf.gather(codes, tokens);
  const { logits } = network.predict(own, read, dataUntil(network, 9), condition);
  const difference = logits.slice([0, 0, 0], [2, 8, 12]).sub(expected.slice([0, 1, 0], [2, 8, 12]));
  expect(difference.abs().max().dataSync()[0]!).toBeLessThan(1e-5);
});
