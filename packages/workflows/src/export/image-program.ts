import { sequenceLength } from '@ar-distill/core';
import { IMAGES } from '@ar-distill/core/exported';
import { type Parameters, prefixed } from '@ar-distill/nn';
import type { SampleProgram } from '@ar-distill/program';
import type * as tf from '@tensorflow/tfjs';
import type { LoadedGenerator } from '../models/generator-file';
import { withoutPrefix } from '../models/wrapper-prefix';
import { decode, type Decoder } from '../sample/decoder';

/** Whose weights are whose among the constants of the program. */
const GENERATOR = 'generator';
const DECODER = 'decoder';

/** Names of what goes in beside the values of the condition, and of what comes out. */
export const NOISE = 'noise';
export { IMAGES };

/**
 * Noise [B, n, C] and the values of a condition [B, …], by their own names, to images
 * [B, H, W, channels] in [0, 1].
 */
export function imageProgram(
  { generator, weights }: LoadedGenerator,
  decoder: Decoder,
): SampleProgram {
  const { layout, condition: space } = generator;
  return {
    name: 'one-step images',
    constants: { ...prefixed(GENERATOR, weights), ...prefixed(DECODER, decoder.weights) },
    inputs: {
      [NOISE]: { shape: [sequenceLength(layout), layout.channels], dtype: 'float32' },
      ...space.values,
    },
    fn: ({ constants, inputs: { [NOISE]: noise, ...condition } }) => {
      const own = withoutPrefix(constants, `${GENERATOR}.`);
      const sequence = generator.generate(own, noise!, condition);
      return {
        outputs: { [IMAGES]: pixels(decoder, withoutPrefix(constants, `${DECODER}.`), sequence) },
      };
    },
  };
}

/** Scaled code vectors [B, n, C] inside traced code → images [B, H, W, channels] in [0, 1]. */
export function pixels(decoder: Decoder, parameters: Parameters, sequence: tf.Tensor): tf.Tensor {
  // From [−1, 1]; what lies outside is clipped.
  return decode(decoder, parameters, sequence).clipByValue(-1, 1).add(1).div(2);
}
