import type * as tf from '@tensorflow/tfjs';
import type { Parameters } from '@ar-distill/nn';
import type { StepCompiler } from '@ar-distill/program';
import { denoisedFromProbabilities } from '../score/mixture';
import type { ArSteps } from './ar-steps';
import type { ChoosingProgram } from './code-choice';
import type { Condition } from './condition';
import { ConditionalScoreTeacher, type PrefixReading } from './conditional-score-teacher';
import type { SequenceSampler } from './sequence-sampler';

/**
 * An AR teacher over a finite codebook: its next-token distribution makes the score a closed form
 * (DD2, Eq. 1). What it reads of a prefix are `logProbs` [B, n, V] and `codebook` [V, C].
 */
export abstract class DiscreteScoreTeacher extends ConditionalScoreTeacher {
  /** Stream of the uniforms that tokens are drawn with: all samplers of the teacher read the same. */
  readonly samplingStream: string = 'teacher-tokens';

  /** The codes in the space of scores: codeScale · c, [V, C]. */
  abstract scaledCodebook(parameters: Parameters): tf.Tensor;

  /**
   * Natural log-probabilities of every token after its clean prefix, [B, n, V], teacher-forced on
   * the `sequence` [B, n, C] (scaled, continuous), with guidance, top-k and top-p applied. Tokens
   * that these exclude have `LOG_ZERO` or −Infinity; `truncatedLogProbs` makes such an array.
   */
  abstract logProbs(parameters: Parameters, sequence: tf.Tensor, condition: Condition): tf.Tensor;

  read(parameters: Parameters, sequence: tf.Tensor, condition: Condition): PrefixReading {
    return {
      logProbs: this.logProbs(parameters, sequence, condition),
      codebook: this.scaledCodebook(parameters),
    };
  }

  /**
   * As `compileArSampler` of `/sampling`, and the same codes, from a cache of what earlier AR steps have
   * computed; absent where the family keeps none.
   */
  createCachedSampler?(compiler: StepCompiler, program: ChoosingProgram): Promise<SequenceSampler>;

  /**
   * The same, AR step by AR step: every step has a program that reads what the steps before it left. Absent
   * where the family keeps no cache.
   */
  cachedSteps?(program: Pick<ChoosingProgram, 'batchSize' | 'choose'>): ArSteps;

  /** As in the base class; several noise draws [m, B, n, C] with `t` [m, B, n] work too. */
  denoised(reading: PrefixReading, xT: tf.Tensor, t: tf.Tensor): tf.Tensor {
    const { logProbs, codebook } = reading;
    if (!logProbs || !codebook) {
      throw new Error(
        'A discrete teacher needs "logProbs" and "codebook" of the prefix: take them from read().',
      );
    }
    return denoisedFromProbabilities({ logProbs, codebook, xT, t });
  }
}

/**
 * Whether a teacher has a next-token distribution. Told by its form, so that a plugin that was built
 * with another copy of this package is understood, too.
 */
export function isDiscrete(
  teacher: ConditionalScoreTeacher & Partial<DiscreteScoreTeacher>,
): teacher is DiscreteScoreTeacher {
  return typeof teacher.logProbs === 'function' && typeof teacher.scaledCodebook === 'function';
}
