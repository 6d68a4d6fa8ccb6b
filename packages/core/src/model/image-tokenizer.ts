import type * as tf from '@tensorflow/tfjs';
import type { Parameters, ParameterSpecs } from '@ar-distill/nn';
import type { SequenceLayout } from './sequence-layout';

/** Maps images to token sequences and code vectors back to images. */
export abstract class ImageTokenizer {
  abstract readonly layout: SequenceLayout;
  /** [height, width, channels]. */
  abstract readonly imageShape: readonly [number, number, number];
  /** Number of codes V. */
  abstract readonly vocabSize: number;
  abstract readonly parameterSpecs: ParameterSpecs;

  /** The codes as the decoder and the scores read them, [V, C], unscaled. */
  abstract codebook(parameters: Parameters): tf.Tensor;

  /** `images` [B, H, W, channels] in [−1, 1] → tokens [B, n] int32, AR step by AR step. */
  abstract encode(parameters: Parameters, images: tf.Tensor): tf.Tensor;

  /** Continuous code vectors [B, n, C] (unscaled) → images [B, H, W, channels], nominally in [−1, 1]. */
  abstract decode(parameters: Parameters, codeVectors: tf.Tensor): tf.Tensor;
}
