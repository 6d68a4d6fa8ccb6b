import * as tf from '@tensorflow/tfjs';
import { parameter, type Initializer, type Parameters, type ParameterSpecs } from '../parameters';
import { affineMap } from './linear';
import { customGradient } from './custom-gradient';

/**
 * Specs of a convolution in PyTorch's layout: `weight` [outputs, inputs, kernel, kernel], `bias`
 * [outputs]; PyTorch's default initialisation (uniform ±1/√fan-in) unless `init` is given.
 */
export function conv2dSpecs(
  inputs: number,
  outputs: number,
  kernel: number,
  init?: Initializer,
): ParameterSpecs {
  const bound = 1 / Math.sqrt(inputs * kernel * kernel);
  const uniform: Initializer = { kind: 'uniform', bound };
  return {
    weight: { shape: [outputs, inputs, kernel, kernel], init: init ?? uniform },
    bias: { shape: [outputs], init: init ? { kind: 'zeros' } : uniform },
  };
}

/**
 * Convolution of `x` [B, H, W, inputs] with zero padding that keeps the size (stride 1) or halves
 * it (stride 2: the padding goes to the right and to the bottom, as in latent-diffusion encoders).
 */
export function conv2d(
  parameters: Parameters,
  prefix: string,
  x: tf.Tensor,
  stride: 1 | 2 = 1,
): tf.Tensor {
  const weight = parameter(parameters, `${prefix}.weight`);
  const bias = parameter(parameters, `${prefix}.bias`);
  const [outputs, inputs, kernel] = weight.shape as [number, number, number];
  if (kernel === 1 && stride === 1) return affineMap(x, weight.reshape([outputs, inputs]), bias);
  const filter = weight.transpose([2, 3, 1, 0]) as tf.Tensor4D;
  return tf.conv2d(x as tf.Tensor4D, filter, stride, 'same').add(bias);
}

/** Doubles height and width by repeating pixels: [B, H, W, C] → [B, 2H, 2W, C]. */
export function upsampleNearest2x(x: tf.Tensor): tf.Tensor {
  const [batch, height, width, channels] = x.shape as [number, number, number, number];
  return customGradient(
    [x],
    () =>
      x
        .reshape([batch, height, 1, width, channels])
        .tile([1, 1, 2, 1, 2])
        .reshape([batch, 2 * height, 2 * width, channels]),
    (dy) => [
      // The sum over both copies; the gradient of Tile would be one slice per copy.
      dy
        .reshape([batch, height, 2, width, 2 * channels])
        .sum(2)
        .reshape([batch, height, width, 2, channels])
        .sum(3),
    ],
  );
}
