import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import * as tf from '@tensorflow/tfjs';
import { readCheckpoint } from '@ar-distill/checkpoints';
import { type VarArchitecture, varArchitectureSchema } from '@ar-distill/plugin-var';
import type { HostTensor, HostTensors } from '@ar-distill/program';

export const fixtureFolder = join(__dirname, '../fixtures/var-tiny');

/** The architecture of the fixture: random weights in the official PyTorch modules. */
export const tinyArchitecture: VarArchitecture = varArchitectureSchema.parse({
  patchNums: [1, 2, 3, 4],
  vocabSize: 64,
  channels: 8,
  numClasses: 10,
  width: 64,
  depth: 2,
  heads: 2,
  tokenizer: { imageSize: 64, baseChannels: 32, channelMultipliers: [1, 1, 1, 1, 2] },
});

/** Arrays of a safetensors file with the element types that the fixture has. */
export function readArrays(path: string): HostTensors {
  const bytes = readFileSync(path);
  const headerLength = Number(bytes.readBigUInt64LE(0));
  const header = JSON.parse(bytes.toString('utf8', 8, 8 + headerLength)) as Record<
    string,
    { dtype: string; shape: number[]; data_offsets: [number, number] }
  >;
  const base = 8 + headerLength;
  return Object.fromEntries(
    Object.entries(header)
      .filter(([name]) => name !== '__metadata__')
      .map(([name, { dtype, shape, data_offsets }]): [string, HostTensor] => {
        const part = bytes.subarray(base + data_offsets[0], base + data_offsets[1]);
        const copy = part.buffer.slice(part.byteOffset, part.byteOffset + part.byteLength);
        if (dtype === 'I64') {
          const data = Int32Array.from(new BigInt64Array(copy), Number);
          return [name, { shape, dtype: 'int32', data }];
        }
        return [name, { shape, dtype: 'float32', data: new Float32Array(copy) }];
      }),
  );
}

export function expectedArrays(): HostTensors {
  return readArrays(join(fixtureFolder, 'expected.safetensors'));
}

export function toTensor({ data, shape, dtype }: HostTensor): tf.Tensor {
  return tf.tensor(data, [...shape], dtype);
}

/** NCHW as PyTorch has it → NHWC. */
export function channelsLast(images: HostTensor): tf.Tensor {
  return toTensor(images).transpose([0, 2, 3, 1]);
}

/** max|Δ| / max|reference|. */
export function relativeError(actual: tf.Tensor, reference: tf.Tensor): number {
  expect(actual.shape).toEqual(reference.shape);
  const scale = reference.abs().max().dataSync()[0]!;
  return actual.sub(reference).abs().max().dataSync()[0]! / scale;
}
/** All weights, teacher and tokenizer, under their official names. */
export async function loadWeights(): Promise<HostTensors> {
  const transformer = await readCheckpoint(join(fixtureFolder, 'var.pth'));
  const tokenizer = await readCheckpoint(join(fixtureFolder, 'vae.pth'));
  return { ...transformer.tensors, ...tokenizer.tensors };
}
