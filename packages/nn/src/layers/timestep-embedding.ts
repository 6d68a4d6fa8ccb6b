import * as tf from '@tensorflow/tfjs';
import { type Initializer, joinSpecs, type ParameterSpecs, type Parameters } from '../parameters';
import { silu } from './activations';
import { linear, linearSpecs } from './linear';

const MAX_PERIOD = 10000;
const FREQUENCIES = 256;

/** Initialiser of MAR's timestep MLP. */
export const TIMESTEP_INIT: Initializer = { kind: 'normal', std: 0.02 };

/**
 * Sinusoidal embedding [cos, sin] of 1000·t: `t` [N] in [0, 1] → [N, size], `size` even
 * (`timestep_embedding` of MAR's diffloss.py, which counts timesteps 0 … 1000).
 */
function timestepEmbedding(t: tf.Tensor, size: number): tf.Tensor {
  const half = size / 2;
  const frequencies = Float32Array.from({ length: half }, (_, i) =>
    Math.exp((-Math.log(MAX_PERIOD) * i) / half),
  );
  const angles = t
    .mul(1000)
    .reshape([-1, 1])
    .mul(tf.tensor2d(frequencies, [1, half]));
  return tf.concat([angles.cos(), angles.sin()], 1);
}

/** Specs of `timestepMlp`, named as in MAR's `TimestepEmbedder`; `last` starts the weight of its last layer. */
export function timestepMlpSpecs(width: number, last: Initializer): ParameterSpecs {
  return joinSpecs({
    'mlp.0': linearSpecs(FREQUENCIES, width, TIMESTEP_INIT),
    'mlp.2': linearSpecs(width, width, last),
  });
}

/** The embedding through Linear-SiLU-Linear: `t` of N numbers in [0, 1] → [N, width]. */
export function timestepMlp(parameters: Parameters, prefix: string, t: tf.Tensor): tf.Tensor {
  const frequencies = timestepEmbedding(t, FREQUENCIES);
  const hidden = silu(linear(parameters, `${prefix}.mlp.0`, frequencies));
  return linear(parameters, `${prefix}.mlp.2`, hidden);
}
