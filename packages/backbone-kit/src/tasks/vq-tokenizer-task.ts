import * as tf from '@tensorflow/tfjs';
import type { ImageTokenizer } from '@ar-distill/core';
import type { SupervisedTask, TaskLoss } from '@ar-distill/core/optimization';
import {
  parameter,
  type Parameters,
  type ParameterSpecs,
  straightThrough,
  withoutGradient,
} from '@ar-distill/nn';
import type { TensorSpec } from '@ar-distill/program';
import { type CodebookNames, moveDeadCodes } from './codebook-repair';

const COMMITMENT = 0.25;
const HIT_DECAY = 0.98;
const REPAIR_INTERVAL = 50;

/** A quantised batch. */
export interface Quantized {
  /**
   * What the codes make of the features, each of their shape and differentiable in the codes: one
   * array, or one after every step of a residual quantiser. The decoder reads the last.
   */
  readonly latents: readonly tf.Tensor[];
  /** How often the batch uses each code, in the shape of the statistic: [V] or [S, V]. */
  readonly hits: tf.Tensor;
  /** The vectors that were quantised, [..., C]. */
  readonly vectors: tf.Tensor;
}

/** What a family of VQ tokenizers does in its own way. */
export interface VqTraining {
  readonly tokenizer: Pick<
    ImageTokenizer,
    'parameterSpecs' | 'imageShape' | 'layout' | 'vocabSize'
  >;
  readonly names: CodebookNames;
  /** Shape of the hits: [V] or [S, V]. */
  readonly hitsShape: readonly number[];
  /** Whether gradients train a parameter of the tokenizer; all when left out. */
  isTrainable?(name: string): boolean;
  /** `images` [B, H, W, channels] → what is quantised, [B, positions, C]. */
  features(parameters: Parameters, images: tf.Tensor): tf.Tensor;
  /** Quantises the features, which are constants here. */
  quantize(parameters: Parameters, features: tf.Tensor): Quantized;
  /** Images from the last latent. */
  decode(parameters: Parameters, latent: tf.Tensor): tf.Tensor;
}

/**
 * Training of a VQ tokenizer: L1 + L2 reconstruction and, averaged over the quantiser's steps, the
 * codebook loss plus 0.25 × the commitment loss, with the straight-through estimator. Official
 * trainings add perceptual and adversarial losses. Beside the tokenizer's parameters it keeps two
 * statistics that no gradient trains, for `maintenance`.
 */
export class VqTokenizerTask implements SupervisedTask {
  readonly parameterSpecs: ParameterSpecs;
  readonly maintenance: NonNullable<SupervisedTask['maintenance']> = {
    interval: REPAIR_INTERVAL,
    repair: (parameters, _batch, rng, iteration) =>
      moveDeadCodes(this.training.names, parameters, rng, iteration),
  };

  constructor(private readonly training: VqTraining) {
    const { tokenizer, names, hitsShape } = training;
    this.parameterSpecs = {
      ...tokenizer.parameterSpecs,
      [names.hits]: { shape: hitsShape, init: { kind: 'zeros' } },
      [names.samples]: {
        shape: [tokenizer.vocabSize, tokenizer.layout.channels],
        init: { kind: 'zeros' },
      },
    };
  }

  isTrainable(name: string): boolean {
    const { names } = this.training;
    if (name === names.hits || name === names.samples) return false;
    return this.training.isTrainable?.(name) ?? true;
  }

  batchSpecs(batchSize: number): Readonly<Record<string, TensorSpec>> {
    const { imageShape } = this.training.tokenizer;
    return { images: { shape: [batchSize, ...imageShape], dtype: 'float32' } };
  }

  evaluate(parameters: Parameters, batch: Readonly<Record<string, tf.Tensor>>): TaskLoss {
    const { images } = batch as { images: tf.Tensor };
    const { training } = this;
    const { names } = training;
    const features = training.features(parameters, images);
    const target = withoutGradient(() => features);
    const { latents, hits, vectors } = training.quantize(parameters, target);
    const vqLosses = latents.map((latent) => {
      const constant = withoutGradient(() => latent);
      return meanSquare(constant.sub(features))
        .mul(COMMITMENT)
        .add(meanSquare(latent.sub(target)));
    });
    const vq = tf.addN(vqLosses).div(latents.length);
    const passed = straightThrough(features, latents.at(-1)!);
    const difference = training.decode(parameters, passed).sub(images);
    const l2 = meanSquare(difference);
    const l1 = difference.abs().mean();
    const perCode = hits.rank > 1 ? hits.sum(0) : hits;
    return {
      loss: l1.add(l2).add(vq),
      metrics: { mse: l2, l1, vq, ...codeUsage(perCode) },
      updates: {
        [names.hits]: parameter(parameters, names.hits)
          .mul(HIT_DECAY)
          .add(hits.mul(1 - HIT_DECAY)),
        [names.samples]: this.samplesOf(vectors),
      },
    };
  }

  /** V of the vectors, evenly spread over them: [V, C]. */
  private samplesOf(vectors: tf.Tensor): tf.Tensor {
    const { vocabSize, layout } = this.training.tokenizer;
    const rows = vectors.reshape([-1, layout.channels]);
    const count = rows.shape[0]!;
    const picks = Int32Array.from({ length: vocabSize }, (_, i) =>
      count >= vocabSize ? Math.floor((i * count) / vocabSize) : i % count,
    );
    return tf.gather(rows, tf.tensor1d(picks, 'int32'));
  }
}

/** How often each of `vocabSize` codes is among the `tokens` [...] int32: [V]. */
export function countTokens(tokens: tf.Tensor, vocabSize: number): tf.Tensor {
  return tf.oneHot(tokens.flatten().toInt(), vocabSize, 1, 0, 'float32').sum(0);
}

/** Fraction of the codes in use, and the perplexity of their distribution, from counts [V]. */
function codeUsage(counts: tf.Tensor): Record<'codeUsage' | 'perplexity', tf.Tensor> {
  const probabilities = counts.div(counts.sum());
  return {
    codeUsage: counts.greater(0).toFloat().mean(),
    perplexity: probabilities.mul(probabilities.add(1e-10).log()).sum().neg().exp(),
  };
}

function meanSquare(values: tf.Tensor): tf.Tensor {
  return values.square().mean();
}
