import type * as tf from '@tensorflow/tfjs';
import { nearestCodes } from '@ar-distill/core/math';
import { l2Normalize, parameter, type Parameters, type ParameterSpecs } from '@ar-distill/nn';
import type { LlamagenArchitecture } from '../architecture';

/** The stored codebook [V, C]; codes are its rows at unit length (`VectorQuantizer`, vq_model.py). */
export const CODEBOOK = 'quantize.embedding.weight';

export function codebookSpecs({ vocabSize, channels }: LlamagenArchitecture): ParameterSpecs {
  // A direction at random; unit length on average.
  const std = channels ** -0.5;
  return { [CODEBOOK]: { shape: [vocabSize, channels], init: { kind: 'normal', std } } };
}

/** Codes [V, C] of unit length. */
export function unitCodes(parameters: Parameters): tf.Tensor {
  return l2Normalize(parameter(parameters, CODEBOOK));
}

/** Tokens [...] int32 of the codes that point most nearly along `features` [..., C]. */
export function quantize(parameters: Parameters, features: tf.Tensor): tf.Tensor {
  return nearestCodes(l2Normalize(features), unitCodes(parameters)).toInt();
}
