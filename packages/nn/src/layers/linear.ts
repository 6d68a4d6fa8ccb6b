import * as tf from '@tensorflow/tfjs';
import { parameter, type Initializer, type Parameters, type ParameterSpecs } from '../parameters';

/** Specs of a linear layer: `weight` [outputs, inputs] and, unless `bias` is null, `bias` [outputs]. */
export function linearSpecs(
  inputs: number,
  outputs: number,
  weight: Initializer,
  bias: Initializer | null = { kind: 'zeros' },
): ParameterSpecs {
  return {
    weight: { shape: [outputs, inputs], init: weight },
    ...(bias ? { bias: { shape: [outputs], init: bias } } : {}),
  };
}

/**
 * x·Wᵀ + b on the last axis: [..., inputs] → [..., outputs], with `<prefix>.weight` in PyTorch's
 * layout [outputs, inputs] and `<prefix>.bias` when present.
 */
export function linear(parameters: Parameters, prefix: string, x: tf.Tensor): tf.Tensor {
  return affineMap(x, parameter(parameters, `${prefix}.weight`), parameters[`${prefix}.bias`]);
}

/** x·Wᵀ + b with the weight [outputs, inputs] and bias [outputs] given as tensors. */
export function affineMap(x: tf.Tensor, weight: tf.Tensor, bias?: tf.Tensor): tf.Tensor {
  const [outputs, inputs] = weight.shape;
  if (outputs === undefined || inputs === undefined || x.shape.at(-1) !== inputs) {
    throw new Error(
      `A linear layer with weight [${weight.shape.join(', ')}] cannot read [${x.shape.join(', ')}].`,
    );
  }
  // 2-D on purpose: a batched matmul with a broadcast weight is slow and has a costly gradient.
  const product = tf.matMul(x.reshape([-1, inputs]), weight.as2D(outputs, inputs), false, true);
  const result = bias ? product.add(bias) : product;
  return result.reshape([...x.shape.slice(0, -1), outputs]);
}
