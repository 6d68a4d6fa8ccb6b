import * as tf from '@tensorflow/tfjs';
import {
  canBeDropped,
  type Condition,
  conditionOf,
  conditionSpecs,
  dropCondition,
  sequenceLength,
} from '@ar-distill/core';
import type { SupervisedTask, TaskLoss } from '@ar-distill/core/optimization';
import { type Parameters, type ParameterSpecs, softmaxCrossEntropy } from '@ar-distill/nn';
import {
  elementCount,
  float32,
  type HostTensors,
  type Rng,
  type TensorSpec,
} from '@ar-distill/program';
import type { GuidedTeacher } from '../teacher/guided-teacher';

/** What the training of a teacher needs beside the teacher. */
export interface TokenPrediction {
  /** Probability that a sample's condition is not given, as far as it can be left out. */
  readonly conditionDropout: number;
  /** Whether a parameter belongs to the tokenizer, whose values have to be given and stay. */
  isFrozen(name: string): boolean;
  /**
   * For teachers that read code vectors: every vector that is read is moved by noise, whose standard
   * deviation per channel is uniform between 0 and this, so that the teacher can be asked about
   * vectors near the codes. Default 0.
   */
  readonly codeNoise?: number;
  /**
   * Another teacher of the same tokens, whose whole distributions are the targets in the place of the
   * tokens; the task takes its weights as constants.
   */
  readonly target?: GuidedTeacher;
}

/** Uniforms [B]: where they are below the probability the condition is dropped. */
const DROPOUT = 'conditionDropout';
/** Runs that are resumed go on drawing from the stream of this name. */
const DROPOUT_STREAM = 'label-dropout';

/**
 * Training of an AR teacher: cross-entropy over all tokens, or over another teacher's distributions,
 * teacher-forced, with condition dropout and noise on the code vectors. Batches hold `tokens` [B, n] and
 * the condition, see `conditionInputs`.
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
      ...conditionSpecs(this.teacher.condition, [batchSize]),
    };
  }

  noiseSpecs(batchSize: number): Readonly<Record<string, TensorSpec>> {
    const { channels } = this.teacher.layout;
    const n = sequenceLength(this.teacher.layout);
    return {
      ...(canBeDropped(this.teacher.condition)
        ? { [DROPOUT]: { shape: [batchSize], dtype: 'float32' } }
        : {}),
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
      ...(specs[DROPOUT] ? { [DROPOUT]: draw(DROPOUT_STREAM, 'uniform', [batchSize]) } : {}),
      ...(specs['noise'] && specs['noiseLevels']
        ? {
            noise: draw('code-noise', 'normal', specs['noise'].shape),
            noiseLevels: draw('code-noise-levels', 'uniform', specs['noiseLevels'].shape),
          }
        : {}),
    };
  }

  evaluate(
    parameters: Parameters,
    batch: Readonly<Record<string, tf.Tensor>>,
    constants: Parameters = {},
  ): TaskLoss {
    const { tokens } = batch as { tokens: tf.Tensor };
    const condition = this.seenCondition(batch);
    const perSequence = this.logits(parameters, batch, condition);
    const logits = perSequence.reshape([-1, perSequence.shape.at(-1)!]);
    const targets = tokens.flatten();
    const { target } = this.prediction;
    const distributions = target
      ?.logitsOfTokens(constants, tokens, condition)
      .softmax()
      .reshape(logits.shape);
    const loss = softmaxCrossEntropy(logits, distributions ?? targets).mean();
    const accuracy = logits.argMax(1).equal(targets.toInt()).toFloat().mean();
    return { loss, metrics: { loss, accuracy } };
  }

  private seenCondition(batch: Readonly<Record<string, tf.Tensor>>): Condition {
    const condition = conditionOf(batch);
    const uniforms = batch[DROPOUT];
    if (!uniforms) return condition;
    const dropped = uniforms.less(this.prediction.conditionDropout);
    return dropCondition(this.teacher.condition, condition, dropped);
  }

  private logits(
    parameters: Parameters,
    { tokens, noise, noiseLevels }: Readonly<Record<string, tf.Tensor>>,
    condition: Condition,
  ): tf.Tensor {
    const { teacher, prediction } = this;
    if (!noise || !noiseLevels) return teacher.logitsOfTokens(parameters, tokens!, condition);
    const codes = tf.gather(teacher.codebook(parameters), tokens!.toInt());
    const moved = noise.mul(noiseLevels).mul(prediction.codeNoise!);
    return teacher.logits(parameters, codes.add(moved), condition);
  }
}
