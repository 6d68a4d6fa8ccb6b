import { sequenceLength, type Rng, type SupervisedTask, type TaskLoss } from '@ar-distill/core';
import {
  float32,
  softmaxCrossEntropy,
  type HostTensors,
  type Parameters,
  type ParameterSpecs,
  type TensorSpec,
} from '@ar-distill/nn';
import * as tf from '@tensorflow/tfjs';
import { isQuantizerParameter, type LlamagenArchitecture } from '../architecture';
import { LlamagenTeacher } from '../teacher';

/** No guidance and no truncation: training sees the plain distribution. */
const PLAIN_SAMPLING = { guidanceScale: 1, topK: 0, topP: 1, temperature: 1 };

/**
 * Next-token prediction: cross-entropy over all tokens, teacher-forced, with label dropout
 * (train_c2i.py of LlamaGen; its dropout of activations is left out). Batches hold `tokens` [B, n]
 * and `labels` [B]. The codebook is frozen and has to be the tokenizer's. With the input embedding
 * `mlp` and weights from `adaptedWeights` it is the fine-tuning after adaptation to continuous input.
 */
export class LlamagenTeacherTask implements SupervisedTask {
  readonly parameterSpecs: ParameterSpecs;
  private readonly teacher: LlamagenTeacher;

  constructor(private readonly architecture: LlamagenArchitecture) {
    this.teacher = new LlamagenTeacher(architecture, PLAIN_SAMPLING);
    this.parameterSpecs = this.teacher.parameterSpecs;
  }

  isTrainable(name: string): boolean {
    return !isQuantizerParameter(name);
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
    const { labelDropout: probability, numClasses, vocabSize } = this.architecture;
    const unconditional = tf.fill(labels.shape, numClasses, 'int32');
    const seen = tf.where(labelDropout.less(probability), unconditional, labels.toInt());
    const logits = this.teacher.logitsOfTokens(parameters, tokens, seen).reshape([-1, vocabSize]);
    const targets = tokens.flatten();
    const loss = softmaxCrossEntropy(logits, targets).mean();
    const accuracy = logits.argMax(1).equal(targets.toInt()).toFloat().mean();
    return { loss, metrics: { loss, accuracy } };
  }
}
