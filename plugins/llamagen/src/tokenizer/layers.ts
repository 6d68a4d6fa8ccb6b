import {
  attention,
  conv2d,
  conv2dSpecs,
  groupNorm,
  layerNormSpecs,
  prefixed,
  silu,
  upsampleNearest2x,
  type Parameters,
  type ParameterSpecs,
} from '@ar-distill/nn';
import type * as tf from '@tensorflow/tfjs';

/** One layer of the encoder or decoder; names are the official ones (vq_model.py). */
export type ConvLayer =
  | {
      readonly kind: 'conv' | 'residual';
      readonly name: string;
      readonly inputs: number;
      readonly outputs: number;
    }
  | {
      /** `norm` is GroupNorm and SiLU before the last convolution. */
      readonly kind: 'attention' | 'downsample' | 'upsample' | 'norm';
      readonly name: string;
      readonly channels: number;
    };

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
    case 'residual': {
      const { inputs, outputs } = layer;
      return {
        norm1: layerNormSpecs(inputs),
        conv1: conv2dSpecs(inputs, outputs, 3),
        norm2: layerNormSpecs(outputs),
        conv2: conv2dSpecs(outputs, outputs, 3),
        ...(inputs === outputs ? {} : { nin_shortcut: conv2dSpecs(inputs, outputs, 1) }),
      };
    }
    case 'attention': {
      const pointwise = conv2dSpecs(layer.channels, layer.channels, 1);
      return {
        norm: layerNormSpecs(layer.channels),
        q: pointwise,
        k: pointwise,
        v: pointwise,
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
      return pixelAttention(parameters, name, x, groups);
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
  name: string,
  x: tf.Tensor,
  groups: number,
): tf.Tensor {
  const [batch, height, width, channels] = x.shape as [number, number, number, number];
  const normalized = groupNorm(parameters, `${name}.norm`, x, groups);
  const projected = (part: 'q' | 'k' | 'v'): tf.Tensor =>
    conv2d(parameters, `${name}.${part}`, normalized).reshape([batch, height * width, channels]);
  const attended = attention(projected('q'), projected('k'), projected('v'), {
    scale: channels ** -0.5,
  });
  return x.add(conv2d(parameters, `${name}.proj_out`, attended.reshape(x.shape)));
}
