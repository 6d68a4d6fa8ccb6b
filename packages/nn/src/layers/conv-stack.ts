import * as tf from '@tensorflow/tfjs';
import { prefixed, type Parameters, type ParameterSpecs } from '../parameters';
import { silu } from './activations';
import { attention } from './attention';
import { conv2d, conv2dSpecs, upsampleNearest2x } from './conv2d';
import { groupNorm } from './group-norm';
import { layerNormSpecs } from './layer-norm';

/**
 * One layer of a VQ tokenizer's encoder or decoder (VAR's basic_vae.py, LlamaGen's vq_model.py; both
 * descend from taming-transformers). Attention projects pixels to queries, keys and values with one
 * convolution (`joined`: `qkv`) or with three (`separate`: `q`, `k`, `v`).
 */
export type ConvLayer =
  | {
      readonly kind: 'conv';
      readonly name: string;
      readonly inputs: number;
      readonly outputs: number;
    }
  | {
      readonly kind: 'residual';
      readonly name: string;
      readonly inputs: number;
      readonly outputs: number;
    }
  | {
      readonly kind: 'attention';
      readonly name: string;
      readonly channels: number;
      readonly projections: 'joined' | 'separate';
    }
  | { readonly kind: 'downsample'; readonly name: string; readonly channels: number }
  | { readonly kind: 'upsample'; readonly name: string; readonly channels: number }
  /** GroupNorm and SiLU before the last convolution. */
  | { readonly kind: 'norm'; readonly name: string; readonly channels: number };

/** Parameters of the layers. */
export function convLayerSpecs(layers: readonly ConvLayer[]): ParameterSpecs {
  return Object.assign(
    {},
    ...layers.flatMap((layer) =>
      Object.entries(partSpecs(layer)).map(([part, specs]) =>
        prefixed(part ? `${layer.name}.${part}` : layer.name, specs),
      ),
    ),
  );
}

/** Runs the layers in order on `x` [B, H, W, channels]. */
export function runConvLayers(
  layers: readonly ConvLayer[],
  parameters: Parameters,
  x: tf.Tensor,
  groups: number,
): tf.Tensor {
  return layers.reduce((hidden, layer) => runLayer(layer, parameters, hidden, groups), x);
}

function partSpecs(layer: ConvLayer): Record<string, ParameterSpecs> {
  switch (layer.kind) {
    case 'conv':
      return { '': conv2dSpecs(layer.inputs, layer.outputs, 3) };
    case 'residual':
      return {
        norm1: layerNormSpecs(layer.inputs),
        conv1: conv2dSpecs(layer.inputs, layer.outputs, 3),
        norm2: layerNormSpecs(layer.outputs),
        conv2: conv2dSpecs(layer.outputs, layer.outputs, 3),
        ...(layer.inputs === layer.outputs
          ? {}
          : { nin_shortcut: conv2dSpecs(layer.inputs, layer.outputs, 1) }),
      };
    case 'attention': {
      const pointwise = conv2dSpecs(layer.channels, layer.channels, 1);
      return {
        norm: layerNormSpecs(layer.channels),
        ...(layer.projections === 'joined'
          ? { qkv: conv2dSpecs(layer.channels, 3 * layer.channels, 1) }
          : { q: pointwise, k: pointwise, v: pointwise }),
        proj_out: pointwise,
      };
    }
    case 'downsample':
    case 'upsample':
      return { conv: conv2dSpecs(layer.channels, layer.channels, 3) };
    case 'norm':
      return { '': layerNormSpecs(layer.channels) };
  }
}

function runLayer(
  layer: ConvLayer,
  parameters: Parameters,
  x: tf.Tensor,
  groups: number,
): tf.Tensor {
  const { kind, name } = layer;
  switch (kind) {
    case 'conv':
      return conv2d(parameters, name, x);
    case 'residual': {
      const first = silu(groupNorm(parameters, `${name}.norm1`, x, groups));
      const middle = conv2d(parameters, `${name}.conv1`, first);
      const second = silu(groupNorm(parameters, `${name}.norm2`, middle, groups));
      const shortcut =
        layer.inputs === layer.outputs ? x : conv2d(parameters, `${name}.nin_shortcut`, x);
      return shortcut.add(conv2d(parameters, `${name}.conv2`, second));
    }
    case 'attention':
      return pixelAttention(parameters, layer, x, groups);
    case 'downsample':
      return conv2d(parameters, `${name}.conv`, x, 2);
    case 'upsample':
      return conv2d(parameters, `${name}.conv`, upsampleNearest2x(x));
    case 'norm':
      return silu(groupNorm(parameters, name, x, groups));
  }
}

/** Single-head attention between all pixels of [B, H, W, C]. */
function pixelAttention(
  parameters: Parameters,
  { name, projections }: Extract<ConvLayer, { kind: 'attention' }>,
  x: tf.Tensor,
  groups: number,
): tf.Tensor {
  const [batch, height, width, channels] = x.shape as [number, number, number, number];
  const normalized = groupNorm(parameters, `${name}.norm`, x, groups);
  const projected = (part: string): tf.Tensor =>
    conv2d(parameters, `${name}.${part}`, normalized).reshape([batch, height * width, -1]);
  const [q, k, v] = (
    projections === 'joined' ? tf.split(projected('qkv'), 3, 2) : ['q', 'k', 'v'].map(projected)
  ) as [tf.Tensor, tf.Tensor, tf.Tensor];
  const attended = attention(q, k, v, { scale: channels ** -0.5 });
  return x.add(conv2d(parameters, `${name}.proj_out`, attended.reshape(x.shape)));
}
