import * as tf from '@tensorflow/tfjs';
import { conditionInputs, ofClasses } from '@ar-distill/core';
import {
  supervisedSettingsSchema,
  type SupervisedTask,
  type SupervisedTraining,
  type TrainingEnvironment,
  trainSupervised,
} from '@ar-distill/core/optimization';
import { createEngine } from '@ar-distill/engine';
import { initializeParameters, toTensors } from '@ar-distill/nn';
import {
  adaptedWeights,
  LlamagenAdaptationTask,
  llamagenArchitectureSchema,
  llamagenBackbone,
  LlamagenTeacher,
} from '@ar-distill/plugin-llamagen';
import { float32, type HostTensors, int32 } from '@ar-distill/program';
import { hashRng } from '../core/hash-rng';
import { plainSampling } from './fixture';

const testRng = hashRng(1);

const architecture = llamagenArchitectureSchema.parse({
  gridSize: 4,
  vocabSize: 16,
  channels: 4,
  numClasses: 3,
  width: 16,
  depth: 2,
  heads: 2,
  multipleOf: 8,
  tokenizer: {
    imageSize: 8,
    imageChannels: 1,
    baseChannels: 8,
    channelMultipliers: [1, 1],
    latentChannels: 8,
    residualBlocks: 1,
    groups: 4,
  },
});
const CODEBOOK = 'quantize.embedding.weight';
const engine = createEngine({ worker: false, threads: 1 });
type Figures = Readonly<Record<string, unknown>>;

beforeAll(async () => {
  tf.enableProdMode();
  await tf.setBackend('cpu');
});
afterAll(() => engine.dispose());

/** Trains with the real optimiser and engine; returns the weights and the figures of every step. */
async function train(
  task: SupervisedTask,
  training: Pick<SupervisedTraining, 'batch' | 'initial'>,
  iterations: number,
): Promise<{ weights: HostTensors; figures: Figures[] }> {
  const figures: Figures[] = [];
  const environment: TrainingEnvironment = {
    run: {
      saveCheckpoint: () => Promise.resolve(),
      loadCheckpoint: () => Promise.resolve(undefined),
      logMetrics: (record) => void figures.push(record),
      saveArrays: () => Promise.resolve(),
      loadArrays: () => Promise.resolve(undefined),
    },
    progress: { update: () => undefined, message: () => undefined },
    signal: new AbortController().signal,
  };
  const settings = supervisedSettingsSchema.parse({
    iterations,
    batchSize: 8,
    learningRate: 0.01,
  });
  const { weights } = await trainSupervised(
    { name: 'test', task, settings, ...training },
    engine,
    testRng,
    environment,
  );
  return { weights, figures };
}

const numbers = (figures: readonly Figures[], name: string): number[] =>
  figures.map((figure) => Number(figure[name]));

it('trains a tokenizer: reconstruction improves, unused codes are moved', async () => {
  // Images of one grey each: an easy world.
  const images = Float32Array.from({ length: 8 * 64 }, (_, i) => Math.floor(i / 64) / 4 - 1);
  const batch = (): HostTensors => ({ images: float32([8, 8, 8, 1], images) });
  const { weights, figures } = await train(
    llamagenBackbone.createTokenizerTask!(architecture),
    { batch },
    90,
  );
  const mse = numbers(figures, 'mse');
  expect(mse.at(-1)!).toBeLessThan(mse[0]! / 4);
  // The repair after step 50 puts codes where the features are.
  expect(numbers(figures, 'codeUsage').at(-1)!).toBeGreaterThan(1 / 16);
  expect(weights['quantize.code_hits']!.shape).toEqual([16]);
}, 60_000);

it('moves exactly the codes that are not used', () => {
  const task = llamagenBackbone.createTokenizerTask!(architecture);
  const initial = initializeParameters(task.parameterSpecs, testRng);
  const hits = new Float32Array(16).fill(1);
  hits[5] = 0;
  const repaired = task.maintenance!.repair(
    {
      ...initial,
      'quantize.code_hits': float32([16], hits),
      'quantize.feature_samples': float32([16, 4], new Float32Array(64).fill(0.5)),
    },
    {},
    testRng,
    0,
  );
  const [before, after] = [initial[CODEBOOK]!.data, repaired[CODEBOOK]!.data];
  for (let code = 0; code < 16; code++) {
    expect(after[code * 4] !== before[code * 4]).toBe(code === 5);
  }
  expect(Math.abs(after[20]! - 0.5)).toBeLessThan(0.1);
  expect(repaired['quantize.code_hits']!.data[5]).toBeGreaterThan(0);
});

describe.each(['table', 'mlp'] as const)('a teacher with the input embedding %s', (kind) => {
  const task = llamagenBackbone.createTeacherTask!({ ...architecture, inputEmbedding: kind });

  it('starts at the entropy of the vocabulary and learns what the class and the prefix say', async () => {
    // Token i of class l is fixed by both: a sequence the model can know.
    const batch = (iteration: number): HostTensors => {
      const labels = Int32Array.from({ length: 8 }, (_, b) => (b + iteration) % 3);
      const tokens = Int32Array.from(
        { length: 8 * 16 },
        (_, i) => (5 * labels[Math.floor(i / 16)]! + 3 * (i % 16)) % 16,
      );
      return { tokens: int32([8, 16], tokens), ...conditionInputs(ofClasses(labels)) };
    };
    const { weights, figures } = await train(task, { batch }, 60);
    const losses = numbers(figures, 'loss');
    expect(losses[0]!).toBeCloseTo(Math.log(16), 3);
    expect(losses.at(-1)!).toBeLessThan(1);
    // The codebook is the tokenizer's.
    expect(weights[CODEBOOK]!.data).toEqual(
      initializeParameters(task.parameterSpecs, testRng)[CODEBOOK]!.data,
    );
  }, 60_000);

  it('drops the label where the uniform is below the probability', () => {
    const parameters = Object.fromEntries(
      Object.entries(task.parameterSpecs).map(([name, { shape }]) => [
        name,
        tf
          .tensor(
            testRng.normal(
              name,
              0,
              shape.reduce((a, b) => a * b, 1),
            ),
            [...shape],
          )
          .mul(0.3),
      ]),
    );
    const lossOf = (dropout: number, label: number): number =>
      task
        .evaluate(parameters, {
          tokens: tf.tensor(testRng.integers('tokens', 0, 16, 16), [1, 16], 'int32'),
          ...toTensors(conditionInputs(ofClasses(Int32Array.of(label)))),
          conditionDropout: tf.tensor1d([dropout]),
        })
        .loss.dataSync()[0]!;
    expect(lossOf(0.01, 0)).toBe(lossOf(0.01, 1));
    expect(lossOf(0.9, 0)).not.toBe(lossOf(0.9, 1));
    expect(task.drawNoise!(testRng, 3, 2)['conditionDropout']!.shape).toEqual([2]);
  });
});

it('adapts a teacher to continuous input', async () => {
  const teacher = new LlamagenTeacher(architecture, plainSampling);
  const weights = initializeParameters(
    Object.fromEntries(
      Object.entries(teacher.parameterSpecs).map(([name, { shape }]) => [
        name,
        { shape, init: { kind: 'normal' as const, std: 0.3 } },
      ]),
    ),
    testRng,
  );
  const task = new LlamagenAdaptationTask(architecture);
  const trained = await train(task, { batch: () => ({}), initial: weights }, 600);
  const error = numbers(trained.figures, 'relativeError');
  expect(error[0]!).toBeGreaterThan(0.9);
  expect(error.at(-1)!).toBeLessThan(0.08);

  const continuous = adaptedWeights(architecture, weights, trained.weights);
  const mlp = new LlamagenTeacher({ ...architecture, inputEmbedding: 'mlp' }, plainSampling);
  expect(Object.keys(continuous).sort()).toEqual(Object.keys(mlp.parameterSpecs).sort());
  const tokens = tf.tensor(testRng.integers('tokens', 0, 16, 16), [1, 16], 'int32');
  const condition = { labels: tf.tensor1d([1], 'int32') };
  const before = teacher.logitsOfTokens(toTensors(weights), tokens, condition);
  const after = mlp.logitsOfTokens(toTensors(continuous), tokens, condition);
  const change = after.sub(before).square().mean().div(before.square().mean()).dataSync()[0]!;
  expect(change).toBeLessThan(0.1);

  // Between the codes, too: vectors halfway to the noise's end are read like their codes.
  const codes = tf.gather(mlp.codebook(toTensors(continuous)), tokens);
  const noise = tf.tensor(testRng.normal('moved', 0, 64), [1, 16, 4]).mul(0.1);
  const moved = mlp.logits(toTensors(continuous), codes.add(noise), condition);
  const drift = moved.sub(after).square().mean().div(after.square().mean()).dataSync()[0]!;
  expect(drift).toBeLessThan(0.1);
  expect(() => adaptedWeights(architecture, continuous, trained.weights)).toThrow(
    /adapted already/,
  );
}, 60_000);
