import type { SampledCodes } from '@ar-distill/nn';
import type { HostTensors } from '@ar-distill/program';
import type * as tf from '@tensorflow/tfjs';

/** Random numbers that a sampler reads, some for every position of a sequence. */
export interface PositionDraws {
  /** Standard normals, or uniforms in [0, 1). */
  readonly kind: 'normal' | 'uniform';
  readonly stream: string;
  /** Shape of the numbers of one position: [] or [C]. */
  readonly shape: readonly number[];
}

/**
 * The codes [..., C] of some positions, from the scaled `codebook` [V, C], log-probabilities [..., V] and
 * the random numbers [..., …] of the positions.
 */
export type ChooseCodes = (
  codebook: tf.Tensor,
  logProbs: tf.Tensor,
  draws: tf.Tensor,
) => SampledCodes;

/** An AR sampler by how it chooses codes. */
export interface ChoosingProgram {
  /** Shown in errors, behind an article. */
  readonly name: string;
  readonly weights: Readonly<HostTensors>;
  readonly batchSize: number;
  /** The random numbers that codes are chosen with. */
  readonly draws: PositionDraws;
  readonly choose: ChooseCodes;
}
