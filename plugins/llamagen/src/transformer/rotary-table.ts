import * as tf from '@tensorflow/tfjs';
import type { LlamagenArchitecture } from '../architecture';

/** Cosines and sines per position and channel, [n + 1, d] each. */
export interface RotaryTable {
  readonly cos: tf.Tensor2D;
  readonly sin: tf.Tensor2D;
}

/**
 * 2-D rotary frequencies [n + 1, d/2, 2] (cos, sin): half of the channel pairs turn with the row,
 * half with the column. The class token's row is zero, so its query and key are zero vectors
 * (`precompute_freqs_cis_2d` of gpt.py).
 */
export function rotaryFrequencies(architecture: LlamagenArchitecture): Float32Array {
  const { gridSize, width, heads, ropeBase } = architecture;
  const pairs = width / heads / 2;
  const perAxis = pairs / 2;
  const table = new Float32Array((gridSize ** 2 + 1) * pairs * 2);
  for (let position = 0; position < gridSize ** 2; position++) {
    const axes = [Math.floor(position / gridSize), position % gridSize];
    for (let pair = 0; pair < pairs; pair++) {
      const angle = axes[Math.floor(pair / perAxis)]! * ropeBase ** (-(pair % perAxis) / perAxis);
      const at = ((position + 1) * pairs + pair) * 2;
      table[at] = Math.cos(angle);
      table[at + 1] = Math.sin(angle);
    }
  }
  return table;
}

/** The frequencies as `rotateChannelPairs` of nn reads them. */
export function rotaryTable(architecture: LlamagenArchitecture): RotaryTable {
  const frequencies = rotaryFrequencies(architecture);
  const size = architecture.width / architecture.heads;
  const part = (offset: 0 | 1): tf.Tensor2D =>
    tf.tensor2d(
      frequencies.map((_, i) => frequencies[i - (i % 2) + offset]!),
      [frequencies.length / size, size],
    );
  return { cos: part(0), sin: part(1) };
}
