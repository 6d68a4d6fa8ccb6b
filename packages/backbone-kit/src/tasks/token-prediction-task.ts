import * as tf from '@tensorflow/tfjs';
import { sequenceLength } from '@ar-distill/core';
import type { SupervisedTask, TaskLoss } from '@ar-distill/core/optimization';
import { type Parameters, type ParameterSpecs, softmaxCrossEntropy } from '@ar-distill/nn';
import {
  elementCount,
  float32,
  type HostTensors,
  type Rng,
  type TensorSpec,
} from '@ar-distill/program';
import type { GuidedTeacher } from '../guided-teacher';

/** What the training of a teacher needs beside the teacher. */
export interface TokenPrediction {
  /** Probability that a sample's label is replaced by that of no class. */
  readonly labelDropout: number;
  /** Whether a parameter belongs to the tokenizer, whose values have to be given and stay. */
  isFrozen(name: string): boolean;
  /**
   * For teachers that read code vectors: every vector that is read is moved by noise, whose standard
   * deviation per channel is uniform between 0 and this, so that the teacher can be asked about
   * vectors near the codes. Default 0.
   */
  readonly codeNoise?: number;
}

/**
 * Training of an AR teacher: cross-entropy over all tokens, teacher-forced, with label dropout and
 * noise on the code vectors. Batches hold `tokens` [B, n] and `labels` [B].
 */
export class TokenPredictionTask implements SupervisedTask {
  readonly parameterSpecs: ParameterSpecs;

  constructor(
    private readonly teacher: GuidedTeacher,
    private readonly prediction: TokenPrediction,
  ) {
    this.parameterSpecs = teacher.parameterSpecs;
  }

  isTrainable(name: string): boolean {
    return !this.prediction.isFrozen(name);
  }

  batchSpecs(batchSize: number): Readonly<Record<string, TensorSpec>> {
    return {
      tokens: { shape: [batchSize, sequenceLength(this.teacher.layout)], dtype: 'int32' },
      labels: { shape: [batchSize], dtype: 'int32' },
    };
  }

  noiseSpecs(batchSize: number): Readonly<Record<string, TensorSpec>> {
    const { channels } = this.teacher.layout;
    const n = sequenceLength(this.teacher.layout);
    return {
      labelDropout: { shape: [batchSize], dtype: 'float32' },
      ...(this.prediction.codeNoise
        ? {
            noise: { shape: [batchSize, n, channels], dtype: 'float32' },
            noiseLevels: { shape: [batchSize, n, 1], dtype: 'float32' },
          }
        : {}),
    };
  }

  drawNoise(rng: Rng, iteration: number, batchSize: number): HostTensors {
    const draw = (name: string, kind: 'normal' | 'uniform', shape: readonly number[]) =>
      float32(shape, rng[kind](name, iteration, elementCount(shape)));
    const specs = this.noiseSpecs(batchSize);
    return {
      labelDropout: draw('label-dropout', 'uniform', [batchSize]),
      ...(specs['noise'] && specs['noiseLevels']
        ? {
            noise: draw('code-noise', 'normal', specs['noise'].shape),
            noiseLevels: draw('code-noise-levels', 'uniform', specs['noiseLevels'].shape),
          }
        : {}),
    };
  }

  evaluate(parameters: Parameters, batch: Readonly<Record<string, tf.Tensor>>): TaskLoss {
    const { tokens, labels, labelDropout } = batch as Record<
      'tokens' | 'labels' | 'labelDropout',
      tf.Tensor
    >;
    const { teacher, prediction } = this;
    const dropped = labelDropout.less(prediction.labelDropout);
    const seen = tf.where(dropped, teacher.unconditional(labels), labels.toInt());
    const perSequence = this.logits(parameters, batch, seen);
    const logits = perSequence.reshape([-1, perSequence.shape.at(-1)!]);
    const targets = tokens.flatten();
    const loss = softmaxCrossEntropy(logits, targets).mean();
    const accuracy = logits.argMax(1).equal(targets.toInt()).toFloat().mean();
    return { loss, metrics: { loss, accuracy } };
  }

  private logits(
    parameters: Parameters,
    { tokens, noise, noiseLevels }: Readonly<Record<string, tf.Tensor>>,
    labels: tf.Tensor,
  ): tf.Tensor {
    const { teacher, prediction } = this;
    if (!noise || !noiseLevels) return teacher.logitsOfTokens(parameters, tokens!, labels);
    const codes = tf.gather(teacher.codebook(parameters), tokens!.toInt());
    const moved = noise.mul(noiseLevels).mul(prediction.codeNoise!);
    return teacher.logits(parameters, codes.add(moved), labels);
  }
}
