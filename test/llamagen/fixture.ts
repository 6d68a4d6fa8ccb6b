import { join } from 'node:path';
import * as tf from '@tensorflow/tfjs';
import { readCheckpoint } from '@ar-distill/checkpoints';
import { type LlamagenArchitecture, llamagenArchitectureSchema } from '@ar-distill/plugin-llamagen';
import type { HostTensor, HostTensors } from '@ar-distill/program';
import type { FixtureArray } from '../read-fixture';

const folder = join(__dirname, '../fixtures/llamagen-tiny');

/** The architecture of the fixture: random weights in the official PyTorch modules. */
export const tinyArchitecture: LlamagenArchitecture = llamagenArchitectureSchema.parse({
  gridSize: 4,
  vocabSize: 64,
  channels: 8,
  numClasses: 10,
  width: 64,
  depth: 2,
  heads: 4,
  multipleOf: 32,
  tokenizer: {
    imageSize: 64,
    baseChannels: 32,
    channelMultipliers: [1, 1, 1, 1, 2],
    latentChannels: 32,
  },
});

export const plainSampling = { guidanceScale: 1, topK: 0, topP: 1, temperature: 1 };

/** All weights, teacher and tokenizer, under their official names. */
export async function loadWeights(): Promise<HostTensors> {
  const transformer = await readCheckpoint(join(folder, 'gpt.pt'));
  const tokenizer = await readCheckpoint(join(folder, 'vq.pt'));
  return { ...transformer.tensors, ...tokenizer.tensors };
}

/** Integers of a fixture array, as a host array. */
export function hostIntegers({ shape, data }: FixtureArray): HostTensor {
  return { shape, dtype: 'int32', data: Int32Array.from(data) };
}

/** Integers of a fixture array, as a tensor. */
export function integers({ shape, data }: FixtureArray): tf.Tensor {
  return tf.tensor(Int32Array.from(data), [...shape], 'int32');
}

/** [B, H, W, C] → PyTorch's [B, C, H, W]. */
export function channelsFirst(images: tf.Tensor): tf.Tensor {
  return images.transpose([0, 3, 1, 2]);
}
