import type { Rng, SupervisedTask, TaskLoss } from '@ar-distill/core';
import {
  customGradient,
  float32,
  withoutGradient,
  type HostTensor,
  type HostTensors,
  type Parameters,
  type ParameterSpecs,
  type TensorSpec,
} from '@ar-distill/nn';
import * as tf from '@tensorflow/tfjs';
import type { VarArchitecture } from '../architecture';
import { isUsed } from '../quantizer/phi';
import { VarTokenizer } from '../tokenizer/tokenizer';

const CODEBOOK = 'quantize.embedding.weight';
/** Moving average of how often each scale uses each code (the official buffer), [S, V]. */
const HITS = 'quantize.ema_vocab_hit_SV';
/** Vectors that the last batch quantised, one per code: where unused codes are moved to, [V, C]. */
const RESIDUALS = 'quantize.residual_samples';

const COMMITMENT = 0.25;
const HIT_DECAY = 0.98;
/** A code used less than this fraction of the mean is moved. */
const DEAD_FRACTION = 0.02;
const REPAIR_INTERVAL = 50;
const REPAIR_NOISE = 0.02;

/**
 * Training of the multi-scale VQ-VAE: L1 + L2 reconstruction and, averaged over scales, the codebook
 * loss plus 0.25 × the commitment loss (`VectorQuantizer2.forward` of VAR's quant.py), with the
 * straight-through estimator. The official training adds perceptual and adversarial losses. Beside
 * the tokenizer's parameters it keeps two statistics that no gradient trains, for `maintenance`.
 */
export class VarTokenizerTask implements SupervisedTask {
  readonly parameterSpecs: ParameterSpecs;
  readonly maintenance: NonNullable<SupervisedTask['maintenance']> = {
    interval: REPAIR_INTERVAL,
    repair: (parameters, _batch, rng, iteration) => moveDeadCodes(parameters, rng, iteration),
  };
  private readonly tokenizer: VarTokenizer;

  constructor(private readonly architecture: VarArchitecture) {
    this.tokenizer = new VarTokenizer(architecture);
    const { patchNums, vocabSize, channels } = architecture;
    this.parameterSpecs = {
      ...this.tokenizer.parameterSpecs,
      [HITS]: { shape: [patchNums.length, vocabSize], init: { kind: 'zeros' } },
      [RESIDUALS]: { shape: [vocabSize, channels], init: { kind: 'zeros' } },
    };
  }

  isTrainable(name: string): boolean {
    return name !== HITS && name !== RESIDUALS && isUsed(this.architecture, name);
  }

  batchSpecs(batchSize: number): Readonly<Record<string, TensorSpec>> {
    return { images: { shape: [batchSize, ...this.tokenizer.imageShape], dtype: 'float32' } };
  }

  evaluate(parameters: Parameters, batch: Readonly<Record<string, tf.Tensor>>): TaskLoss {
    const { images } = batch as { images: tf.Tensor };
    const { quantizer } = this.tokenizer;
    const features = this.tokenizer.encoderFeatures(parameters, images);
    const target = withoutGradient(() => features);
    const tokens = withoutGradient(() => quantizer.encode(parameters, target));
    const latents = quantizer.accumulate(parameters, quantizer.lookUp(parameters, tokens));

    const vqLosses = latents.map((latent) => {
      const constant = withoutGradient(() => latent);
      return mse(constant, features).mul(COMMITMENT).add(mse(latent, target));
    });
    const vq = tf.addN(vqLosses).div(latents.length);
    const quantized = latents.at(-1)!;
    // Straight-through: the value of f̂, the gradient of the encoder's features.
    const passed = customGradient(
      [features],
      () => quantized.clone(),
      (dy) => [dy],
    );
    const difference = this.tokenizer.decodeLatent(parameters, passed).sub(images);
    const l2 = difference.square().mean();
    const l1 = difference.abs().mean();
    const hits = this.countHits(tokens);
    return {
      loss: l1.add(l2).add(vq),
      metrics: { mse: l2, l1, vq, ...codeUsage(hits.sum(0)) },
      updates: {
        [HITS]: parameters[HITS]!.mul(HIT_DECAY).add(hits.mul(1 - HIT_DECAY)),
        [RESIDUALS]: this.residualSamples(target, latents),
      },
    };
  }

  /** How often every scale of the batch uses every code, [S, V]. */
  private countHits(tokens: tf.Tensor): tf.Tensor {
    const { vocabSize } = this.architecture;
    const perScale = tf.split(tokens, [...this.tokenizer.layout.stepLengths], 1);
    return tf.stack(
      perScale.map((scale) =>
        tf.oneHot(scale.flatten().toInt(), vocabSize, 1, 0, 'float32').sum(0),
      ),
    );
  }

  /** V of the vectors that were quantised, evenly spread over the batch and the scales: [V, C]. */
  private residualSamples(target: tf.Tensor, latents: readonly tf.Tensor[]): tf.Tensor {
    const { vocabSize, channels } = this.architecture;
    const { quantizer } = this.tokenizer;
    const vectors = latents.map((_, scale) =>
      quantizer.atScale(scale === 0 ? target : target.sub(latents[scale - 1]!), scale),
    );
    const rows = tf.concat(vectors, 1).reshape([-1, channels]);
    const count = rows.shape[0]!;
    const picks = Int32Array.from({ length: vocabSize }, (_, i) =>
      count >= vocabSize ? Math.floor((i * count) / vocabSize) : i % count,
    );
    return tf.gather(rows, tf.tensor1d(picks, 'int32'));
  }
}

/** Fraction of the codes in use, and the perplexity of their distribution, from counts [V]. */
function codeUsage(counts: tf.Tensor): Record<'codeUsage' | 'perplexity', tf.Tensor> {
  const probabilities = counts.div(counts.sum());
  return {
    codeUsage: counts.greater(0).toFloat().mean(),
    perplexity: probabilities.mul(probabilities.add(1e-10).log()).sum().neg().exp(),
  };
}

function mse(a: tf.Tensor, b: tf.Tensor): tf.Tensor {
  return a.sub(b).square().mean();
}

/** Moves codes that are hardly used to vectors that the encoder produced lately, slightly shaken. */
function moveDeadCodes(
  parameters: Readonly<HostTensors>,
  rng: Rng,
  iteration: number,
): HostTensors {
  const { [CODEBOOK]: codebook, [HITS]: hits, [RESIDUALS]: residuals } = parameters;
  if (!codebook || !hits || !residuals) {
    throw new Error(`Codebook repair needs "${CODEBOOK}", "${HITS}" and "${RESIDUALS}".`);
  }
  const [scales, vocabSize] = hits.shape as [number, number];
  const channels = codebook.shape[1]!;
  const usage = Float64Array.from({ length: vocabSize }, (_, code) => {
    let sum = 0;
    for (let scale = 0; scale < scales; scale++) sum += hits.data[scale * vocabSize + code]!;
    return sum;
  });
  const meanUsage = usage.reduce((sum, count) => sum + count, 0) / vocabSize;
  const dead = [...usage.keys()].filter((code) => usage[code]! < DEAD_FRACTION * meanUsage);
  if (dead.length === 0) return {};

  const vectors = Float32Array.from(codebook.data);
  const counts = Float32Array.from(hits.data);
  const sources = rng.integers('codebook-repair', iteration, dead.length, vocabSize);
  const noise = rng.normal('codebook-repair', iteration, dead.length * channels);
  const shake = REPAIR_NOISE * rootMeanSquare(residuals);
  for (const [i, code] of dead.entries()) {
    for (let c = 0; c < channels; c++) {
      const source = residuals.data[sources[i]! * channels + c]!;
      vectors[code * channels + c] = source + shake * noise[i * channels + c]!;
    }
    // A fresh start: the code gets the time of a moving average to prove itself.
    for (let scale = 0; scale < scales; scale++) {
      counts[scale * vocabSize + code] = meanUsage / scales;
    }
  }
  return { [CODEBOOK]: float32(codebook.shape, vectors), [HITS]: float32(hits.shape, counts) };
}

function rootMeanSquare(values: HostTensor): number {
  let sum = 0;
  for (const value of values.data) sum += value * value;
  return Math.sqrt(sum / values.data.length);
}
