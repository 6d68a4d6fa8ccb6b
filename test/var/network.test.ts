import { ArDiffusionGenerator, type Condition, stepStarts } from '@ar-distill/core';
import {
  initializeParameters,
  type Parameters,
  type ParameterSpecs,
  toTensors,
} from '@ar-distill/nn';
import {
  drawSequences,
  varBackbone,
  VarNetwork,
  VarTeacher,
  varArchitectureSchema,
  type VarArchitecture,
} from '@ar-distill/plugin-var';
import * as tf from '@tensorflow/tfjs';
import { testRng as noise } from './test-rng';

const base = {
  patchNums: [1, 2, 3],
  vocabSize: 12,
  channels: 4,
  numClasses: 3,
  width: 16,
  depth: 2,
  heads: 2,
  codeScale: 2.5,
  tokenizer: {
    imageSize: 6,
    imageChannels: 1,
    baseChannels: 8,
    channelMultipliers: [1, 1],
    groups: 4,
  },
};
const variants: [string, VarArchitecture][] = [
  ['separate adaLN, l2 norm, φ partially shared', varArchitectureSchema.parse(base)],
  [
    'shared adaLN, no l2 norm, one φ per scale',
    varArchitectureSchema.parse({
      ...base,
      sharedAdaLn: true,
      attnL2Norm: false,
      phi: { layers: 0 },
    }),
  ],
  ['one φ for all', varArchitectureSchema.parse({ ...base, phi: { layers: 1 }, headWidth: 8 })],
  ['identity φ', varArchitectureSchema.parse({ ...base, phi: { ratio: 0 } })],
];
const plain = { guidanceScale: 0, topK: 0, topP: 1, temperature: 1 };

function gaussian(stream: string, shape: number[]): tf.Tensor {
  return tf.tensor(
    noise.normal(
      stream,
      0,
      shape.reduce((a, b) => a * b, 1),
    ),
    shape,
  );
}

/** Random values everywhere: fresh modulations and output layers are zero and would hide errors. */
function randomParameters(network: { readonly parameterSpecs: ParameterSpecs }): Parameters {
  return Object.fromEntries(
    Object.entries(network.parameterSpecs).map(([name, { shape }]) => [
      name,
      gaussian(name, [...shape]).mul(0.3),
    ]),
  );
}

beforeAll(async () => {
  tf.enableProdMode();
  await tf.setBackend('cpu');
});

describe.each(variants)('VAR networks with %s', (_, architecture) => {
  const network = new VarNetwork(architecture);
  const teacher = new VarTeacher(architecture, { ...plain, guidanceScale: 1.5, topK: 8 });
  let condition: Condition;

  beforeAll(() => {
    condition = { labels: tf.tensor([0, 2], [2], 'int32') };
  });

  it('takes the weights of its teacher', () => {
    const weights = initializeParameters(teacher.parameterSpecs, noise);
    const own = network.initializeFromTeacher(weights, noise);
    expect(Object.keys(own).sort()).toEqual(Object.keys(network.parameterSpecs).sort());
    for (const name of Object.keys(own)) {
      expect(own[name]!.shape).toEqual(network.parameterSpecs[name]!.shape);
      if (!network.isHeadParameter(name)) expect(own[name]).toBe(weights[name]);
    }
    expect(own['head.weight']).toBeUndefined();
    expect(own['head.net.time_embed.mlp.0.weight']).toBeDefined();
    const { pos_start: removed, ...incomplete } = weights;
    expect(removed).toBeDefined();
    expect(() => network.initializeFromTeacher(incomplete, noise)).toThrow(
      /"pos_start" is missing/,
    );
  });

  it('gives a velocity per noise draw', () => {
    const parameters = randomParameters(network);
    const sequence = gaussian('sequence', [2, 14, 4]);
    const features = network.features(parameters, sequence, condition);
    expect(features.shape).toEqual([2, 14, 16]);
    const xT = gaussian('xT', [3, 2, 14, 4]);
    const velocity = network.velocity(parameters, features, xT, tf.fill([3, 2, 14], 0.7));
    expect(velocity.shape).toEqual([3, 2, 14, 4]);
    const common = network.velocity(parameters, features, xT, tf.fill([1, 1, 1], 0.7));
    expect(common.sub(velocity).abs().max().dataSync()[0]!).toBeLessThan(1e-5);
    const generated = new ArDiffusionGenerator(network).generate(parameters, sequence, condition);
    expect(generated.shape).toEqual([2, 14, 4]);
  });

  it('lets a feature depend on earlier scales only, and on the label', () => {
    const parameters = randomParameters(network);
    const sequence = gaussian('sequence', [1, 14, 4]);
    const label = { labels: tf.tensor([1], [1], 'int32') };
    const reference = network.features(parameters, sequence, label);
    const starts = [...stepStarts(network.layout), 14];
    for (let step = 0; step < 3; step++) {
      const values = Float32Array.from(sequence.dataSync());
      for (let i = starts[step]! * 4; i < starts[step + 1]! * 4; i++) values[i]! += 1;
      const changed = network.features(parameters, tf.tensor(values, [1, 14, 4]), label);
      const difference = changed.sub(reference).abs().max(2).dataSync();
      difference.forEach((delta, position) => {
        if (position < starts[step + 1]!) expect(delta).toBe(0);
        else expect(delta).toBeGreaterThan(0);
      });
    }
    const other = network.features(parameters, sequence, {
      labels: tf.tensor([2], [1], 'int32'),
    });
    expect(other.sub(reference).abs().max(2).min().dataSync()[0]!).toBeGreaterThan(0);
  });

  it('has finite gradients in exactly the trained parameters', () => {
    const parameters = randomParameters(network);
    const trained = Object.keys(parameters).filter((name) => network.isTrainable(name));
    expect(trained.some((name) => name.startsWith('quantize.'))).toBe(false);
    const sequence = gaussian('sequence', [2, 14, 4]);
    const gradients = tf.grads((...values: tf.Tensor[]) => {
      const own = {
        ...parameters,
        ...Object.fromEntries(trained.map((name, i) => [name, values[i]!])),
      };
      const features = network.features(own, sequence, condition);
      const xT = gaussian('xT', [2, 2, 14, 4]);
      const t = tf.tensor(noise.uniform('t', 0, 56), [2, 2, 14]);
      return network.velocity(own, features, xT, t).square().mean();
    })(trained.map((name) => parameters[name]!));
    gradients.forEach((gradient, i) => {
      const size = gradient.abs().max().dataSync()[0]!;
      expect([trained[i], Number.isFinite(size) && size > 0]).toEqual([trained[i], true]);
    });
  });

  it('draws with the cache what the teacher-forced distribution allows', () => {
    const parameters = randomParameters(teacher);
    const uniforms = tf.tensor(noise.uniform('draws', 0, 28), [2, 14]);
    const drawn = drawSequences(teacher, parameters, condition, uniforms);
    expect(drawn.tokens.dtype).toBe('int32');
    const codes = tf.gather(teacher.scaledCodebook(parameters), drawn.tokens as tf.Tensor2D);
    expect(drawn.sequence.sub(codes).abs().max().dataSync()[0]!).toBe(0);
    // Teacher-forced on the drawn sequence, inverting the distribution at the same uniforms must
    // give the same tokens: cache, guidance ramp and truncation agree with the parallel pass.
    const logProbs = teacher.logProbs(parameters, drawn.sequence, condition);
    const cumulative = tf.cumsum(logProbs.exp(), 2).dataSync();
    const tokens = drawn.tokens.dataSync();
    uniforms.dataSync().forEach((u, i) => {
      const token = tokens[i]!;
      const upper = cumulative[i * 12 + token]!;
      const lower = token > 0 ? cumulative[i * 12 + token - 1]! : 0;
      expect(u).toBeGreaterThanOrEqual(lower - 1e-4);
      expect(u).toBeLessThanOrEqual(upper + 1e-4);
      expect(upper).toBeGreaterThan(lower);
    });
  });
});

describe('the teacher without guidance', () => {
  it('is the softmax of its logits', () => {
    const architecture = variants[0]![1];
    const teacher = new VarTeacher(architecture, plain);
    const parameters = toTensors(initializeParameters(teacher.parameterSpecs, noise));
    const sequence = gaussian('sequence', [2, 14, 4]);
    const condition = { labels: tf.tensor([0, 1], [2], 'int32') };
    const logits = teacher.logits(parameters, sequence.div(2.5), condition);
    const expected = tf.logSoftmax(logits);
    const actual = teacher.logProbs(parameters, sequence, condition);
    expect(actual.sub(expected).abs().max().dataSync()[0]!).toBeLessThan(1e-6);
  });
});

describe('a generator that reads raw noise', () => {
  const architecture = varArchitectureSchema.parse({ ...base, noiseInput: 'raw' });
  const raw = new VarNetwork(architecture, 'raw');
  const condition = { labels: tf.tensor([1], [1], 'int32') };
  // 1 + 4 + 9 tokens of 4 channels.
  const LAST = [5, 14] as const;

  /** What the last scale reads, but for the final norm. */
  function inputsOf(network: VarNetwork, sequence: tf.Tensor): tf.Tensor {
    const parameters = randomParameters(network);
    // Without blocks to mix positions what comes out is what was read.
    const still = Object.fromEntries(
      Object.entries(parameters).map(([name, value]) => [
        name,
        name.includes('blocks.') ? tf.zerosLike(value) : value,
      ]),
    );
    return network
      .features(still, sequence, condition)
      .slice([0, LAST[0], 0], [1, LAST[1] - LAST[0], 16]);
  }

  it('reads the scale before, and no scale before that', () => {
    const sequence = gaussian('sequence', [1, 14, 4]);
    const change = (from: number, to: number): number => {
      const values = Float32Array.from(sequence.dataSync());
      for (let i = from * 4; i < to * 4; i++) values[i]! += 1;
      const changed = tf.tensor(values, [1, 14, 4]);
      const difference = inputsOf(raw, changed).sub(inputsOf(raw, sequence));
      return difference.abs().max().dataSync()[0]!;
    };
    expect(change(0, 1)).toBe(0);
    expect(change(1, 5)).toBeGreaterThan(1e-3);
    expect(change(5, 14)).toBe(0);
  });

  it('is what the backbone makes of the architecture', () => {
    const parameters = randomParameters(raw);
    const noiseTokens = gaussian('noise', [1, 14, 4]);
    const generated = varBackbone.createGenerator!(architecture).generate(
      parameters,
      noiseTokens,
      condition,
    );
    const of = (network: VarNetwork): tf.Tensor =>
      new ArDiffusionGenerator(network).generate(parameters, noiseTokens, condition);
    expect(generated.dataSync()).toEqual(of(raw).dataSync());
    expect(generated.dataSync()).not.toEqual(of(new VarNetwork(architecture)).dataSync());
  });
});

describe('a network that keeps the classifier', () => {
  const architecture = varArchitectureSchema.parse({ ...base, keepClassifier: true });
  const network = new VarNetwork(architecture);
  const teacher = new VarTeacher(architecture, plain);
  const condition = { labels: tf.tensor([0, 1], [2], 'int32') };

  it("has the teacher's velocity at any t, and in one step emits the expected code", () => {
    const weights = initializeParameters(teacher.parameterSpecs, noise);
    const own = toTensors(network.initializeFromTeacher(weights, noise));
    const parameters = toTensors(weights);
    const sequence = gaussian('sequence', [2, 14, 4]);
    const xT = gaussian('xT', [2, 14, 4]);
    const t = tf
      .tensor(noise.uniform('t', 0, 28), [2, 14])
      .mul(0.9)
      .add(0.05);
    const features = network.features(own, sequence, condition);
    const velocity = network
      .velocity(own, features, xT.expandDims(0), t.expandDims(0))
      .squeeze([0]);
    const reading = teacher.read(parameters, sequence, condition);
    const expected = xT.sub(teacher.denoised(reading, xT, t)).div(t.expandDims(-1));
    expect(velocity.sub(expected).abs().max().dataSync()[0]!).toBeLessThan(1e-4);

    const generated = new ArDiffusionGenerator(network).generate(own, sequence, condition);
    const probabilities = teacher.logProbs(parameters, sequence, condition).exp();
    const codes = teacher.scaledCodebook(parameters);
    const mean = tf.matMul(probabilities.reshape([28, 12]), codes).reshape([2, 14, 4]);
    expect(generated.sub(mean).abs().max().dataSync()[0]!).toBeLessThan(1e-5);
  });

  it('trains the classifier, and neither the codes nor a head', () => {
    const names = Object.keys(network.parameterSpecs);
    expect(names.filter((name) => network.isHeadParameter(name)).sort()).toEqual([
      'head.bias',
      'head.weight',
    ]);
    expect(names.filter((name) => !network.isTrainable(name))).toContain(
      'quantize.embedding.weight',
    );
    expect(network.hiddenLayer).toBeUndefined();
  });

  it.each([{ headDepth: 6 }, { headWidth: 8 }])('refuses %j, which it has not', (head) => {
    const parsed = varArchitectureSchema.safeParse({ ...architecture, ...head });
    expect(parsed.error?.issues).toMatchObject([
      {
        path: Object.keys(head),
        message: 'With keepClassifier there is no diffusion head: leave it out.',
      },
    ]);
  });
});
