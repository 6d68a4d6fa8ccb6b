import {
  float32,
  softmaxCrossEntropy,
  type HostTensors,
  type Parameters,
  type ParameterSpecs,
  type TensorSpec,
} from '@ar-distill/nn';
import * as tf from '@tensorflow/tfjs';
import type { GuidedTeacher } from '../model/guided-teacher';
import { sequenceLength } from '../model/sequence-layout';
import type { Rng } from '../ports/rng';
import type { SupervisedTask, TaskLoss } from './supervised-task';

/** What the training of a teacher needs beside the teacher. */
export interface TokenPrediction {
  /** Probability that a sample's label is replaced by that of no class. */
  readonly labelDropout: number;
  /** Whether a parameter belongs to the tokenizer, whose values have to be given and stay. */
  isFrozen(name: string): boolean;
}

/**
 * Training of an AR teacher: cross-entropy over all tokens, teacher-forced, with label dropout.
 * Batches hold `tokens` [B, n] and `labels` [B].
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
    return { labelDropout: { shape: [batchSize], dtype: 'float32' } };
  }

  drawNoise(rng: Rng, iteration: number, batchSize: number): HostTensors {
    const uniforms = rng.uniform('label-dropout', iteration, batchSize);
    return { labelDropout: float32([batchSize], uniforms) };
  }

  evaluate(parameters: Parameters, batch: Readonly<Record<string, tf.Tensor>>): TaskLoss {
    const { tokens, labels, labelDropout } = batch as Record<
      'tokens' | 'labels' | 'labelDropout',
      tf.Tensor
    >;
    const { teacher, prediction } = this;
    const dropped = labelDropout.less(prediction.labelDropout);
    const seen = tf.where(dropped, teacher.unconditional(labels), labels.toInt());
    const perSequence = teacher.logitsOfTokens(parameters, tokens, seen);
    const logits = perSequence.reshape([-1, perSequence.shape.at(-1)!]);
    const targets = tokens.flatten();
    const loss = softmaxCrossEntropy(logits, targets).mean();
    const accuracy = logits.argMax(1).equal(targets.toInt()).toFloat().mean();
    return { loss, metrics: { loss, accuracy } };
  }
}
