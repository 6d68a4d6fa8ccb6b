import type * as tf from '@tensorflow/tfjs';
import { nearestCodes } from '@ar-distill/core/math';
import { l2Normalize, parameter, type Parameters, type ParameterSpecs } from '@ar-distill/nn';

/** Name of the stored codebook [V, C]; codes are its rows at unit length (`VectorQuantizer`, vq_model.py). */
export const UNIT_CODEBOOK = 'quantize.embedding.weight';

/** Sizes of a codebook. */
export interface CodebookSizes {
  /** V: codes. */
  readonly vocabSize: number;
  /** C: channels of a code. */
  readonly channels: number;
}

/** The stored codebook, which a teacher shares with its tokenizer under this name. */
export function unitCodebookSpecs({ vocabSize, channels }: CodebookSizes): ParameterSpecs {
  // A direction at random; unit length on average.
  const std = channels ** -0.5;
  return { [UNIT_CODEBOOK]: { shape: [vocabSize, channels], init: { kind: 'normal', std } } };
}

/** Codes [V, C] of unit length. */
export function unitCodes(parameters: Parameters): tf.Tensor {
  return l2Normalize(parameter(parameters, UNIT_CODEBOOK));
}

/** Tokens [...] int32 of the codes that point most nearly along `features` [..., C]. */
export function nearestUnitCodes(parameters: Parameters, features: tf.Tensor): tf.Tensor {
  return nearestCodes(l2Normalize(features), unitCodes(parameters)).toInt();
}

/**
 * Standard deviation per channel of noise that is about as long as codes are apart, when V codes lie
 * evenly on the unit sphere in R^C. What a generator makes lies between codes: a network that learns at the
 * codes alone is arbitrary there, and so would be the teacher's score.
 */
export function unitCodeNoise({ vocabSize, channels }: CodebookSizes): number {
  return vocabSize ** (-1 / Math.max(1, channels - 1)) / Math.sqrt(channels);
}
