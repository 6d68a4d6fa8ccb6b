import { mkdir, readFile, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { readSafetensors, writeSafetensors } from '@ar-distill/checkpoints';
import type { HostTensors } from '@ar-distill/program';
import type { Configuration, Family } from './family';

/** A configuration with official weights and what the official code computes from them. */
export interface OfficialCase<A, S> {
  readonly configuration: Configuration<A, S>;
  readonly weights: HostTensors;
  readonly outputs: HostTensors;
}

/** Arrays of the tokenizer's convolutions: large, and none of the transformer's business. */
const OF_TOKENIZER = /image|^encode/;

/** Writes what the transformer's comparison needs into a folder, to repeat it without Python. */
export async function keepTransformer<A, S>(
  family: Family<A, S>,
  folder: string,
  { configuration, weights, outputs }: OfficialCase<A, S>,
): Promise<void> {
  const { transformer } = family.specs(configuration.architecture);
  const part = (values: HostTensors, wanted: (name: string) => boolean): HostTensors =>
    Object.fromEntries(Object.entries(values).filter(([name]) => wanted(name)));
  await mkdir(folder, { recursive: true });
  await writeFile(
    path.join(folder, 'config.json'),
    `${JSON.stringify(configuration, undefined, 2)}\n`,
  );
  await writeSafetensors(
    path.join(folder, 'weights.safetensors'),
    part(weights, (name) => name in transformer),
  );
  await writeSafetensors(
    path.join(folder, 'expected.safetensors'),
    part(outputs, (name) => !OF_TOKENIZER.test(name)),
  );
}

/** Reads such a folder of the family. */
export async function readKept<A, S>(
  { schema }: Family<A, S>,
  folder: string,
): Promise<OfficialCase<A, S>> {
  const text = await readFile(path.join(folder, 'config.json'), 'utf8');
  const configuration = JSON.parse(text) as Configuration<unknown, S>;
  const weights = await readSafetensors(path.join(folder, 'weights.safetensors'));
  const outputs = await readSafetensors(path.join(folder, 'expected.safetensors'));
  return {
    configuration: { ...configuration, architecture: schema.parse(configuration.architecture) },
    weights: weights.tensors,
    outputs: outputs.tensors,
  };
}
