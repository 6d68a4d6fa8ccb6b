import type { SupervisedTask, TaskLoss } from '@ar-distill/core';
import {
  customGradient,
  l2Normalize,
  parameter,
  withoutGradient,
  type Parameters,
  type ParameterSpecs,
  type TensorSpec,
} from '@ar-distill/nn';
import * as tf from '@tensorflow/tfjs';
import type { LlamagenArchitecture } from '../architecture';
import { quantize, unitCodes } from '../tokenizer/quantizer';
import { LlamagenTokenizer } from '../tokenizer/tokenizer';
import { FEATURES, HITS, moveDeadCodes } from './codebook-repair';

const COMMITMENT = 0.25;
const HIT_DECAY = 0.98;
const REPAIR_INTERVAL = 50;

/**
 * Training of the VQ tokenizer: L1 + L2 reconstruction, the codebook loss and 0.25 × the commitment
 * loss between l2-normalised features and codes (`VectorQuantizer.forward` of vq_model.py), with the
 * straight-through estimator. The official training adds perceptual and adversarial losses. Beside
 * the tokenizer's parameters it keeps two statistics that no gradient trains, for `maintenance`.
 */
export class LlamagenTokenizerTask implements SupervisedTask {
  readonly parameterSpecs: ParameterSpecs;
  readonly maintenance: NonNullable<SupervisedTask['maintenance']> = {
    interval: REPAIR_INTERVAL,
    repair: (parameters, _batch, rng, iteration) => moveDeadCodes(parameters, rng, iteration),
  };
  private readonly tokenizer: LlamagenTokenizer;

  constructor(private readonly architecture: LlamagenArchitecture) {
    this.tokenizer = new LlamagenTokenizer(architecture);
    const { vocabSize, channels } = architecture;
    this.parameterSpecs = {
      ...this.tokenizer.parameterSpecs,
      [HITS]: { shape: [vocabSize], init: { kind: 'zeros' } },
      [FEATURES]: { shape: [vocabSize, channels], init: { kind: 'zeros' } },
    };
  }

  isTrainable(name: string): boolean {
    return name !== HITS && name !== FEATURES;
  }

  batchSpecs(batchSize: number): Readonly<Record<string, TensorSpec>> {
    return { images: { shape: [batchSize, ...this.tokenizer.imageShape], dtype: 'float32' } };
  }

  evaluate(parameters: Parameters, batch: Readonly<Record<string, tf.Tensor>>): TaskLoss {
    const { images } = batch as { images: tf.Tensor };
    const { vocabSize } = this.architecture;
    const features = l2Normalize(this.tokenizer.encoderFeatures(parameters, images));
    const target = withoutGradient(() => features);
    const tokens = withoutGradient(() => quantize(parameters, target));
    const codes = tf.gather(unitCodes(parameters), tokens);
    const constant = withoutGradient(() => codes);
    const vq = mse(codes, target).add(mse(constant, features).mul(COMMITMENT));
    // Straight-through: the value of the codes, the gradient of the encoder's features.
    const passed = customGradient(
      [features],
      () => constant.clone(),
      (dy) => [dy],
    );
    const difference = this.tokenizer.decode(parameters, passed).sub(images);
    const l2 = difference.square().mean();
    const l1 = difference.abs().mean();
    const hits = tf.oneHot(tokens.flatten().toInt(), vocabSize, 1, 0, 'float32').sum(0);
    return {
      loss: l1.add(l2).add(vq),
      metrics: { mse: l2, l1, vq, ...codeUsage(hits) },
      updates: {
        [HITS]: parameter(parameters, HITS)
          .mul(HIT_DECAY)
          .add(hits.mul(1 - HIT_DECAY)),
        [FEATURES]: this.featureSamples(target),
      },
    };
  }

  /** V of the unit features, evenly spread over the batch: [V, C]. */
  private featureSamples(features: tf.Tensor): tf.Tensor {
    const { vocabSize, channels } = this.architecture;
    const rows = features.reshape([-1, channels]);
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
