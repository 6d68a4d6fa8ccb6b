import path from 'node:path';
import { readSafetensors } from '@ar-distill/checkpoints';
import type { HostTensors } from '@ar-distill/program';
import { saveModelDirectory } from '@ar-distill/runs';

const ASSETS = path.join(__dirname, '../../plugins/var/assets/mnist');

/** Writes the generator and the tokenizer that ship with `mnist-var` as a model directory of a few shards. */
export async function writeDigitsFolder(folder: string): Promise<void> {
  const kinds = ['generator', 'tokenizer'] as const;
  const files = await Promise.all(
    kinds.map(async (kind) => ({
      kind,
      ...(await readSafetensors(path.join(ASSETS, `${kind}.safetensors`))),
    })),
  );
  const components = files.map(({ kind, tensors }) => ({
    kind,
    label: `MNIST ${kind}`,
    tensors: Object.keys(tensors).length,
    source: { file: `${kind}.safetensors`, path: '' },
  }));
  // Both have the codebook.
  const all = Object.assign({}, ...files.map(({ tensors }) => tensors)) as HostTensors;
  const sources = Object.entries(all).map(([name, { shape, data }]) => ({
    name,
    shape,
    type: 'F32' as const,
    read: async function* () {
      yield new Uint8Array(data.buffer, data.byteOffset, data.byteLength);
    },
  }));
  const architecture: Readonly<Record<string, unknown>> = JSON.parse(
    files[0]!.metadata['architecture']!,
  );
  await saveModelDirectory(
    folder,
    { plugin: 'var', preset: 'mnist-var', components, architecture },
    sources,
    { shardBytes: 2 ** 20 },
  );
}
