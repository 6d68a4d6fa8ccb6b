import * as tf from '@tensorflow/tfjs';
import type { ConditionalScoreTeacher } from '@ar-distill/core';
import type { Parameters } from '@ar-distill/nn';
import type { HostTensor, HostTensors, Rng, StepCompiler } from '@ar-distill/program';

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

/** The arrays of these names; throws an `Error` naming the first that is missing. */
export function pickArrays<Name extends string>(
  values: Readonly<HostTensors>,
  names: readonly Name[],
): Record<Name, HostTensor> {
  const found = names.map((name) => {
    const value = values[name];
    if (!value) throw new Error(`The official side gave no "${name}".`);
    return [name, value] as const;
  });
  return Object.fromEntries(found) as Record<Name, HostTensor>;
}

/** Tokens [B, n] that the teacher's sampler draws for the official labels; the draws do not matter. */
export async function sampleTokens(
  teacher: ConditionalScoreTeacher,
  compiler: StepCompiler,
  weights: HostTensors,
  batchSize: number,
  official: Readonly<HostTensors>,
): Promise<HostTensor> {
  const { labels } = pickArrays(official, ['labels']);
  const sampler = await teacher.createSampler(compiler, weights, batchSize);
  const { tokens } = await sampler.sample({ labels }, ANY_RNG, 0);
  await sampler.dispose();
  if (!tokens) throw new Error('The sampler gave no tokens.');
  return tokens;
}

/** [B, H, W, C] → PyTorch's [B, C, H, W]. */
export function channelsFirst(images: tf.Tensor): tf.Tensor {
  return images.transpose([0, 3, 1, 2]);
}

/** [B, C, H, W] → [B, H, W, C]. */
export function channelsLast(images: tf.Tensor): tf.Tensor {
  return images.transpose([0, 2, 3, 1]);
}

/** With top-k 1 every uniform gives the same token. */
const ANY_RNG: Rng = {
  seed: 0,
  uniform: (_stream, _index, count) => new Float32Array(count).fill(0.5),
  normal: (_stream, _index, count) => new Float32Array(count),
  integers: (_stream, _index, count) => new Int32Array(count),
};
