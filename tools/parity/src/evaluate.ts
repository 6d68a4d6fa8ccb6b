import type { Rng, StepCompiler } from '@ar-distill/core';
import type { HostTensor, HostTensors, Parameters } from '@ar-distill/nn';
import * as tf from '@tensorflow/tfjs';

/** Compiles `fn` with the weights built in and runs it once. */
export async function evaluate(
  compiler: StepCompiler,
  name: string,
  weights: HostTensors,
  inputs: HostTensors,
  fn: (
    parameters: Parameters,
    inputs: Readonly<Record<string, tf.Tensor>>,
  ) => Record<string, tf.Tensor>,
): Promise<HostTensors> {
  const step = await compiler.compile({
    name,
    constants: weights,
    inputs,
    fn: (values) => ({ outputs: fn(values.constants, values.inputs) }),
  });
  const outputs = await step.run(inputs);
  await step.dispose();
  return outputs;
}

/** The array of that name; throws an `Error` naming it when it is missing. */
export function arrayOf(values: Readonly<HostTensors>, name: string): HostTensor {
  const value = values[name];
  if (!value) throw new Error(`The official side gave no "${name}".`);
  return value;
}

/** [B, H, W, C] → PyTorch's [B, C, H, W]. */
export function channelsFirst(images: tf.Tensor): tf.Tensor {
  return images.transpose([0, 3, 1, 2]);
}

/** [B, C, H, W] → [B, H, W, C]. */
export function channelsLast(images: tf.Tensor): tf.Tensor {
  return images.transpose([0, 2, 3, 1]);
}

/** Draws that do not matter: with top-k 1 every uniform gives the same token. */
export const ANY_RNG: Rng = {
  seed: 0,
  uniform: (_stream, _index, count) => new Float32Array(count).fill(0.5),
  normal: (_stream, _index, count) => new Float32Array(count),
  integers: (_stream, _index, count) => new Int32Array(count),
};
