import { saveModelDirectory } from '@ar-distill/runs';

/** Weights in a tensor. */
const SIZE = 100_000;

/** Writes a model directory of three shards of 400,000 bytes of weights. */
export async function writeSmallFolder(folder: string): Promise<void> {
  const tensors = ['a', 'b', 'c'].map((name, i) => ({
    name,
    shape: [SIZE],
    type: 'F32' as const,
    read: async function* () {
      yield new Uint8Array(Float32Array.from({ length: SIZE }, (_, j) => i + j).buffer);
    },
  }));
  const source = { file: 'vae.pth', path: '' };
  await saveModelDirectory(
    folder,
    {
      plugin: 'var',
      components: [{ kind: 'tokenizer', label: 'VAR tokenizer', tensors: 3, source }],
      architecture: {},
    },
    tensors,
    { shardBytes: 4 * SIZE },
  );
}
