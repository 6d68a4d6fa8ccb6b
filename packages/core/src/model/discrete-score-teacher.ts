import type * as tf from '@tensorflow/tfjs';
import type { Parameters } from '@ar-distill/nn';
import { denoisedFromProbabilities } from '../score/mixture';
import { ConditionalScoreTeacher, type TeacherCondition } from './conditional-score-teacher';

/**
 * An AR teacher over a finite codebook: its next-token distribution makes the score a closed form
 * (DD2, Eq. 1). Its condition holds `logProbs` [B, n, V] and `codebook` [V, C].
 */
export abstract class DiscreteScoreTeacher extends ConditionalScoreTeacher {
  /** The codes in the space of scores: codeScale · c, [V, C]. */
  abstract scaledCodebook(parameters: Parameters): tf.Tensor;

  /**
   * Natural log-probabilities of every token after its clean prefix, [B, n, V], teacher-forced on
   * the `sequence` [B, n, C] (scaled, continuous), with guidance, top-k and top-p applied. Tokens
   * that these exclude have `LOG_ZERO` or −Infinity; `truncatedLogProbs` makes such an array.
   */
  abstract logProbs(parameters: Parameters, sequence: tf.Tensor, labels: tf.Tensor): tf.Tensor;

  condition(parameters: Parameters, sequence: tf.Tensor, labels: tf.Tensor): TeacherCondition {
    return {
      logProbs: this.logProbs(parameters, sequence, labels),
      codebook: this.scaledCodebook(parameters),
    };
  }

  /** As in the base class; several noise draws [m, B, n, C] with `t` [m, B, n] work too. */
  denoised(condition: TeacherCondition, xT: tf.Tensor, t: tf.Tensor): tf.Tensor {
    const { logProbs, codebook } = condition;
    if (!logProbs || !codebook) {
      throw new Error(
        'The condition of a discrete teacher needs "logProbs" and "codebook": take it from condition().',
      );
    }
    return denoisedFromProbabilities({ logProbs, codebook, xT, t });
  }
}
