import { openSafetensors } from '@ar-distill/checkpoints';
import { readNpz } from '@ar-distill/datasets';

/** Elements as the files hold them. */
export type Values = Float32Array | Int32Array | Uint8Array;

/** Named arrays of a file. */
export interface ArrayFile {
  readonly names: readonly string[];
  /** Stored type and shape of an array, e.g. `F32 [2, 3]`. */
  formatOf(name: string): string;
  read(name: string): Promise<Values>;
  close(): Promise<void>;
}

/**
 * Opens a safetensors file, or an npz file by its extension. Floats keep their bits, NaNs included.
 * @throws Error naming the file when it is damaged.
 */
export async function openArrayFile(file: string): Promise<ArrayFile> {
  return file.endsWith('.npz') ? openNpz(file) : openTensors(file);
}

async function openTensors(file: string): Promise<ArrayFile> {
  const { names, storedTypes, specs, read, close } = await openSafetensors(file);
  return {
    names,
    formatOf: (name) => `${storedTypes[name]} [${specs[name]?.shape.join(', ')}]`,
    read: async (name) => (await read(name)).data,
    close,
  };
}

async function openNpz(file: string): Promise<ArrayFile> {
  const arrays = new Map(Object.entries(await readNpz(file)));
  const arrayOf = (name: string) => {
    const array = arrays.get(name);
    if (!array) throw new Error(`${file} has no array "${name}".`);
    return array;
  };
  return {
    names: [...arrays.keys()],
    formatOf: (name) => {
      const { data, shape } = arrayOf(name);
      const type = data instanceof Float32Array ? 'F32' : data instanceof Int32Array ? 'I32' : 'U8';
      return `${type} [${shape.join(', ')}]`;
    },
    read: async (name) => arrayOf(name).data,
    close: async () => undefined,
  };
}
