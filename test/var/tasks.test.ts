import { conditionInputs, ofClasses } from '@ar-distill/core';
import { initializeParameters, type Parameters, toTensors } from '@ar-distill/nn';
import { varArchitectureSchema, varBackbone, VarTokenizer } from '@ar-distill/plugin-var';
import * as tf from '@tensorflow/tfjs';
import { testRng as rng } from './test-rng';

const architecture = varArchitectureSchema.parse({
  patchNums: [1, 2, 4],
  vocabSize: 16,
  channels: 4,
  numClasses: 3,
  width: 16,
  depth: 2,
  heads: 2,
  tokenizer: {
    imageSize: 8,
    imageChannels: 1,
    baseChannels: 8,
    channelMultipliers: [1, 1],
    residualBlocks: 1,
    groups: 4,
  },
});

const CODEBOOK = 'quantize.embedding.weight';

const conditionInputTensors = (labels: readonly number[]) =>
  toTensors(conditionInputs(ofClasses(Int32Array.from(labels))));

function gradientsOf(
  objective: (parameters: Parameters) => tf.Tensor,
  parameters: Parameters,
  trained: string[],
): { value: number; gradients: Record<string, tf.Tensor> } {
  const { value, grads } = tf.valueAndGrads((...values: tf.Tensor[]) =>
    objective({
      ...parameters,
      ...Object.fromEntries(trained.map((name, i) => [name, values[i]!])),
    }),
  )(trained.map((name) => parameters[name]!));
  return {
    value: value.dataSync()[0]!,
    gradients: Object.fromEntries(trained.map((name, i) => [name, grads[i]!])),
  };
}

beforeAll(async () => {
  tf.enableProdMode();
  await tf.setBackend('cpu');
});

describe('the tokenizer task', () => {
  const task = varBackbone.createTokenizerTask!(architecture);
  const initial = initializeParameters(task.parameterSpecs, rng);
  const trained = Object.keys(initial).filter((name) => task.isTrainable(name));
  const images = tf
    .tensor(rng.uniform('images', 0, 2 * 64), [2, 8, 8, 1])
    .mul(2)
    .sub(1);

  it('has the shapes that it declares', () => {
    expect(task.batchSpecs(2)['images']!.shape).toEqual([2, 8, 8, 1]);
    const { loss, metrics, updates } = task.evaluate(toTensors(initial), { images });
    expect(loss.shape).toEqual([]);
    expect(Object.keys(metrics)).toEqual(['mse', 'l1', 'vq', 'codeUsage', 'perplexity']);
    for (const [name, value] of Object.entries(updates ?? {})) {
      expect(value.shape).toEqual(task.parameterSpecs[name]!.shape);
      expect(task.isTrainable(name)).toBe(false);
    }
  });

  it('reaches every trained parameter with a finite gradient and learns', () => {
    let parameters = toTensors(initial);
    const losses: number[] = [];
    for (let step = 0; step < 10; step++) {
      const { value, gradients } = gradientsOf(
        (own) => task.evaluate(own, { images }).loss,
        parameters,
        trained,
      );
      losses.push(value);
      const norms = trained.map((name) => gradients[name]!.abs().max().dataSync()[0]!);
      expect(norms.every((norm) => Number.isFinite(norm))).toBe(true);
      if (step === 0) expect(trained.filter((_, i) => norms[i] === 0)).toEqual([]);
      parameters = {
        ...parameters,
        ...Object.fromEntries(
          trained.map((name) => [name, parameters[name]!.sub(gradients[name]!.mul(0.02))]),
        ),
      };
    }
    expect(losses.at(-1)!).toBeLessThan(losses[0]! * 0.98);
  });

  it('pulls on the codes with the codebook loss alone, as the official quantiser does', () => {
    const parameters = toTensors(initial);
    const { gradients } = gradientsOf((own) => task.evaluate(own, { images }).loss, parameters, [
      CODEBOOK,
    ]);
    const tokenizer = new VarTokenizer(architecture);
    const features = tokenizer.encoderFeatures(parameters, images);
    const tokens = tokenizer.quantizer.encode(parameters, features);
    const codebookLoss = (codes: Float32Array): number => {
      const own = { ...parameters, [CODEBOOK]: tf.tensor(codes, [16, 4]) };
      const latents = tokenizer.quantizer.accumulate(own, tokenizer.quantizer.lookUp(own, tokens));
      const losses = latents.map((latent) => latent.sub(features).square().mean());
      return tf.addN(losses).div(3).dataSync()[0]!;
    };
    const analytic = gradients[CODEBOOK]!.dataSync();
    const codes = initial[CODEBOOK]!.data;
    const numeric = Array.from(analytic, (_, i) => {
      const [up, down] = [Float32Array.from(codes), Float32Array.from(codes)];
      up[i]! += 0.02;
      down[i]! -= 0.02;
      return (codebookLoss(up) - codebookLoss(down)) / 0.04;
    });
    const scale = Math.max(...numeric.map(Math.abs));
    numeric.forEach((slope, i) =>
      expect(Math.abs(analytic[i]! - slope) / scale).toBeLessThan(1e-3),
    );
    expect(scale).toBeGreaterThan(0);
  });

  it('moves codes that no scale uses', () => {
    const hits = new Float32Array(3 * 16).fill(1);
    for (let scale = 0; scale < 3; scale++) hits[scale * 16 + 5] = 0;
    const residuals = Float32Array.from({ length: 16 * 4 }, (_, i) => 10 + i);
    const repaired = task.maintenance!.repair(
      {
        ...initial,
        'quantize.ema_vocab_hit_SV': { shape: [3, 16], dtype: 'float32', data: hits },
        'quantize.residual_samples': { shape: [16, 4], dtype: 'float32', data: residuals },
      },
      {},
      rng,
      0,
    );
    const before = initial[CODEBOOK]!.data;
    const after = repaired[CODEBOOK]!.data;
    for (let code = 0; code < 16; code++) {
      const moved = after[code * 4] !== before[code * 4];
      expect(moved).toBe(code === 5);
    }
    expect(after[5 * 4]!).toBeGreaterThan(5);
    expect(repaired['quantize.ema_vocab_hit_SV']!.data[5]).toBeGreaterThan(0);
  });
});

describe('the teacher task', () => {
  const task = varBackbone.createTeacherTask!(architecture);
  const initial = initializeParameters(task.parameterSpecs, rng);
  const trained = Object.keys(initial).filter((name) => task.isTrainable(name));
  let batch: Record<string, tf.Tensor>;

  beforeAll(() => {
    batch = {
      tokens: tf.tensor(rng.integers('tokens', 0, 2 * 21, 16), [2, 21], 'int32'),
      ...conditionInputTensors([0, 2]),
      conditionDropout: tf.tensor([0.05, 0.5]),
    };
  });

  it('starts at the entropy of the vocabulary and learns', () => {
    let parameters = toTensors(initial);
    const losses: number[] = [];
    for (let step = 0; step < 12; step++) {
      const { value, gradients } = gradientsOf(
        (own) => task.evaluate(own, batch).loss,
        parameters,
        trained,
      );
      losses.push(value);
      const norms = trained.map((name) => gradients[name]!.abs().max().dataSync()[0]!);
      expect(norms.every((norm) => Number.isFinite(norm) && norm > 0)).toBe(true);
      parameters = {
        ...parameters,
        ...Object.fromEntries(
          trained.map((name) => [name, parameters[name]!.sub(gradients[name]!.mul(0.5))]),
        ),
      };
    }
    expect(losses[0]!).toBeCloseTo(Math.log(16), 1);
    expect(losses.at(-1)!).toBeLessThan(losses[0]! * 0.9);
    expect(trained.some((name) => name.startsWith('quantize.'))).toBe(false);
  });

  it('drops the label where the uniform is below the probability', () => {
    const parameters = toTensors(initial);
    const lossOf = (dropout: number[], labels: number[]): number =>
      task
        .evaluate(parameters, {
          ...batch,
          ...conditionInputTensors(labels),
          conditionDropout: tf.tensor(dropout),
        })
        .loss.dataSync()[0]!;
    expect(lossOf([0.01, 0.01], [0, 2])).toBe(lossOf([0.01, 0.01], [1, 1]));
    expect(lossOf([0.9, 0.9], [0, 2])).not.toBe(lossOf([0.9, 0.9], [1, 1]));
    expect(task.drawNoise!(rng, 3, 2)['conditionDropout']!.shape).toEqual([2]);
  });
});
