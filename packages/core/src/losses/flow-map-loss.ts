import { softmaxCrossEntropy } from '@ar-distill/nn';
import * as tf from '@tensorflow/tfjs';
import type { FlowMapPrediction } from '../model/flow-map-network';

/** What noise was mapped to, and where there was noise. */
export interface FlowMapTargets {
  /** Tokens [B, n] int32. */
  readonly tokens: tf.Tensor;
  /** Their code vectors [B, n, C], scaled. */
  readonly codes: tf.Tensor;
  /** [B, n]: 1 where the network read the code itself, 0 where it read noise. */
  readonly isData: tf.Tensor;
}

/** Means over the positions that were noise, of which there is at least one. */
export interface FlowMapLosses {
  /** Of the scores against the token, in nats. */
  readonly crossEntropy: tf.Tensor;
  /** Of the vector against the code: mean over channels of the squared difference. */
  readonly vectorError: tf.Tensor;
}

/** Losses of Distilled Decoding 1 (arXiv 2412.17153): classification and regression of the mapped code. */
export function flowMapLosses(
  { logits, vectors }: FlowMapPrediction,
  { tokens, codes, isData }: FlowMapTargets,
): FlowMapLosses {
  const isNoise = tf.sub(1, isData);
  const share = isNoise.mean();
  const overNoise = (values: tf.Tensor): tf.Tensor => values.mul(isNoise).mean().div(share);
  const entropies = softmaxCrossEntropy(
    logits.reshape([-1, logits.shape[2]!]),
    tokens.flatten(),
  ).reshape(isData.shape);
  return {
    crossEntropy: overNoise(entropies),
    vectorError: overNoise(vectors.sub(codes).square().mean(-1)),
  };
}
