import * as tf from '@tensorflow/tfjs';
import { DiscreteScoreTeacher, type TeacherSamplingOptions } from '@ar-distill/core';
import { truncatedLogProbs } from '@ar-distill/core/math';
import type { Parameters } from '@ar-distill/nn';

/**
 * A discrete teacher with classifier-free guidance. Its backbone reads inputs that are made of the
 * clean code vectors; the label `numClasses` stands for no class. A family says how inputs become
 * logits and how the two predictions are combined; a guided pass runs both halves as one batch.
 */
export abstract class GuidedTeacher extends DiscreteScoreTeacher {
  abstract readonly sampling: TeacherSamplingOptions;

  /** Whether the sampling options call for the second, unconditional pass. */
  abstract get isGuided(): boolean;

  /** The codes as the backbone's inputs are made of them, [V, C], unscaled. */
  abstract codebook(parameters: Parameters): tf.Tensor;

  /**
   * What the backbone reads of the code vectors `codes` [B, n, C] (unscaled, continuous): the batch
   * is the first axis, everything else is the family's choice.
   */
  abstract inputs(parameters: Parameters, codes: tf.Tensor): tf.Tensor;

  /** Raw teacher-forced logits [B, n, V] from `inputs` and `labels` [B], without guidance. */
  abstract logitsOfInputs(parameters: Parameters, inputs: tf.Tensor, labels: tf.Tensor): tf.Tensor;

  /** Guided logits at all positions from conditional and unconditional ones, [B, n, V] each. */
  abstract guide(conditional: tf.Tensor, unconditional: tf.Tensor): tf.Tensor;

  scaledCodebook(parameters: Parameters): tf.Tensor {
    return this.codebook(parameters).mul(this.codeScale);
  }

  /** Raw teacher-forced logits [B, n, V] after `codes` [B, n, C] (unscaled), without guidance. */
  logits(parameters: Parameters, codes: tf.Tensor, labels: tf.Tensor): tf.Tensor {
    return this.logitsOfInputs(parameters, this.inputs(parameters, codes), labels);
  }

  /** The same after `tokens` [B, n] int32. */
  logitsOfTokens(parameters: Parameters, tokens: tf.Tensor, labels: tf.Tensor): tf.Tensor {
    const codes = tf.gather(this.codebook(parameters), tokens.toInt());
    return this.logits(parameters, codes, labels);
  }

  logProbs(parameters: Parameters, sequence: tf.Tensor, labels: tf.Tensor): tf.Tensor {
    const inputs = this.inputs(parameters, sequence.div(this.codeScale));
    if (!this.isGuided) {
      return truncatedLogProbs(this.logitsOfInputs(parameters, inputs, labels), this.sampling);
    }
    const logits = this.logitsOfInputs(
      parameters,
      tf.concat([inputs, inputs], 0),
      this.withUnconditional(labels),
    );
    const [conditional, unconditional] = tf.split(logits, 2, 0) as [tf.Tensor, tf.Tensor];
    return truncatedLogProbs(this.guide(conditional, unconditional), this.sampling);
  }

  /** `labels` [B] followed by B unconditional labels: [2B]. */
  withUnconditional(labels: tf.Tensor): tf.Tensor {
    return tf.concat([labels.toInt(), this.unconditional(labels)], 0);
  }

  /** The label of no class for every entry of `labels` [B]. */
  unconditional(labels: tf.Tensor): tf.Tensor {
    return tf.fill(labels.shape, this.numClasses, 'int32');
  }
}
