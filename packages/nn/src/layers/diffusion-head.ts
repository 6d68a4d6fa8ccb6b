import * as tf from '@tensorflow/tfjs';
import {
  joinSpecs,
  prefixed,
  xavierUniform,
  type Initializer,
  type ParameterSpecs,
  type Parameters,
} from '../parameters';
import { silu } from './activations';
import { layerNorm, layerNormSpecs, normalize } from './layer-norm';
import { linear, linearSpecs } from './linear';
import { TIMESTEP_INIT, timestepMlp, timestepMlpSpecs } from './timestep-embedding';

const EPSILON = 1e-6;

/** Sizes of a per-token diffusion head. */
export interface DiffusionHeadSizes {
  /** C: channels of a token. */
  readonly channels: number;
  /** D: width of the backbone features. */
  readonly features: number;
  readonly width: number;
  /** Residual blocks. */
  readonly depth: number;
}

/**
 * Specs of the head, named as in MAR's diffloss.py (`net.time_embed.mlp.0.weight`, …) and
 * initialised alike: Xavier, timestep MLP std 0.02, modulations and the last linear layer zero.
 */
export function diffusionHeadSpecs(sizes: DiffusionHeadSizes): ParameterSpecs {
  const { channels, features, width, depth } = sizes;
  const xavier = (inputs: number, outputs: number): ParameterSpecs =>
    linearSpecs(inputs, outputs, xavierUniform(inputs, outputs));
  const zeros: Initializer = { kind: 'zeros' };
  const specs: Record<string, ParameterSpecs> = {
    time_embed: timestepMlpSpecs(width, TIMESTEP_INIT),
    cond_embed: xavier(features, width),
    input_proj: xavier(channels, width),
    'final_layer.adaLN_modulation.1': linearSpecs(width, 2 * width, zeros),
    'final_layer.linear': linearSpecs(width, channels, zeros),
  };
  for (let i = 0; i < depth; i++) {
    specs[`res_blocks.${i}.in_ln`] = layerNormSpecs(width);
    specs[`res_blocks.${i}.mlp.0`] = xavier(width, width);
    specs[`res_blocks.${i}.mlp.2`] = xavier(width, width);
    specs[`res_blocks.${i}.adaLN_modulation.1`] = linearSpecs(width, 3 * width, zeros);
  }
  return prefixed('net', joinSpecs(specs));
}

/** What a head reads, for m inputs per feature row. */
export interface DiffusionHeadInputs {
  /** [..., D]. */
  readonly features: tf.Tensor;
  /** [m, ..., C]. */
  readonly xT: tf.Tensor;
  /**
   * Broadcastable to [m, ...] (1 = noise, 0 = data); axes of size 1 are embedded once, so a common
   * timestep costs one row.
   */
  readonly t: tf.Tensor;
}

/** Velocity at every token, [m, ..., C]. */
export function diffusionHead(
  parameters: Parameters,
  prefix: string,
  depth: number,
  inputs: DiffusionHeadInputs,
): tf.Tensor {
  return diffusionHeadWithHidden(parameters, prefix, depth, inputs).velocity;
}

/** The same, with what its last linear layer reads: `hidden` [m, ..., width]. */
export function diffusionHeadWithHidden(
  parameters: Parameters,
  prefix: string,
  depth: number,
  { features, xT, t }: DiffusionHeadInputs,
): { readonly hidden: tf.Tensor; readonly velocity: tf.Tensor } {
  const net = `${prefix}.net`;
  const time = timestepMlp(parameters, `${net}.time_embed`, t);
  const timeRows = time.reshape([...t.shape, time.shape[1]!]);
  const condition = linear(parameters, `${net}.cond_embed`, features);
  const activated = silu(timeRows.add(condition.expandDims(0)));

  let x = linear(parameters, `${net}.input_proj`, xT);
  for (let i = 0; i < depth; i++) {
    const block = `${net}.res_blocks.${i}`;
    const modulation = linear(parameters, `${block}.adaLN_modulation.1`, activated);
    const [shift, scale, gate] = split(modulation, 3) as [tf.Tensor, tf.Tensor, tf.Tensor];
    const normalized = modulate(layerNorm(parameters, `${block}.in_ln`, x), shift, scale);
    const branch = linear(
      parameters,
      `${block}.mlp.2`,
      silu(linear(parameters, `${block}.mlp.0`, normalized)),
    );
    x = x.add(gate.mul(branch));
  }
  const modulation = linear(parameters, `${net}.final_layer.adaLN_modulation.1`, activated);
  const [shift, scale] = split(modulation, 2) as [tf.Tensor, tf.Tensor];
  const hidden = modulate(normalize(x, EPSILON), shift, scale);
  return { hidden, velocity: linear(parameters, `${net}.final_layer.linear`, hidden) };
}

/** x·(1 + scale) + shift. */
export function modulate(x: tf.Tensor, shift: tf.Tensor, scale: tf.Tensor): tf.Tensor {
  return x.mul(scale.add(1)).add(shift);
}

function split(x: tf.Tensor, parts: number): tf.Tensor[] {
  return tf.split(x, parts, x.rank - 1);
}
