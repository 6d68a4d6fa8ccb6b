import {
  CHECKSUM_KEY,
  openSafetensors,
  readSafetensors,
  verifySafetensors,
  writeSafetensors,
  type WeightsFile,
} from '@ar-distill/checkpoints';
import type { HostTensors, TensorSource } from '@ar-distill/program';
import { existsSync } from 'node:fs';
import path from 'node:path';
import { writing } from './system-errors';

/** Folder of a run's named arrays. */
export const ARRAYS = 'arrays';

/** The file of a run in which named arrays are kept; it need not be there. */
export function arraysFile(run: string, name: string): string {
  return path.join(run, ARRAYS, `${name}.safetensors`);
}

/**
 * Named arrays of a run that need not be open; undefined when it does not hold them.
 * @throws Error naming the file when its checksum shows that it is damaged.
 */
export async function openArrays(run: string, name: string): Promise<TensorSource | undefined> {
  return (await new RunTensors().open(arraysFile(run, name), []))?.tensors;
}

/** What a file of a run holds beside its tensors. */
export type TensorMetadata = Readonly<Record<string, string>>;

const RESUME = 'delete it and resume the run, which makes it again';

/**
 * The safetensors files of a run, or of a pool cache. Each holds its checksum, which is compared once before
 * anything of the file is used; files of older versions have none.
 */
export class RunTensors {
  /** Files that this process has written or compared. */
  private readonly sound = new Set<string>();

  /** `mend`: what to do about a file that is damaged, as a part of a sentence. */
  constructor(private readonly mend = RESUME) {}

  /** Writes a file atomically. @throws Error naming it when the system refuses. */
  async write(
    file: string,
    tensors: Readonly<HostTensors> | TensorSource,
    metadata: TensorMetadata = {},
  ): Promise<void> {
    await writing(file, () => writeSafetensors(file, tensors, metadata, { checksum: true }));
    this.sound.add(file);
  }

  /** All of a file; undefined when it is not there. @throws Error naming it when it is damaged. */
  async read(file: string): Promise<HostTensors | undefined> {
    if (!existsSync(file)) return undefined;
    return this.checked(file, [], async () => (await readSafetensors(file)).tensors);
  }

  /**
   * A file whose tensors are read one by one; undefined when it is not there.
   * @param keys of its metadata.
   * @throws Error naming it when it is damaged.
   */
  async open(
    file: string,
    keys: readonly string[],
  ): Promise<{ readonly tensors: TensorSource; readonly metadata: TensorMetadata } | undefined> {
    if (!existsSync(file)) return undefined;
    const { specs, metadata } = await this.checked(file, keys, () =>
      withSafetensors(file, async (opened) => opened),
    );
    const read = (names: readonly string[]): Promise<HostTensors> =>
      withSafetensors(file, async (opened) => {
        const tensors: HostTensors = {};
        for (const name of names) tensors[name] = await opened.read(name);
        return tensors;
      });
    return { tensors: { specs, read }, metadata };
  }

  private async checked<T>(
    file: string,
    keys: readonly string[],
    use: () => Promise<T>,
  ): Promise<T> {
    try {
      if (!this.sound.has(file)) await this.check(file, keys);
      this.sound.add(file);
      return await use();
    } catch (error) {
      // Told by its name: a program may hold more than one copy of a package.
      if (!(error instanceof Error) || error.name !== 'CheckpointFormatError') throw error;
      throw this.damaged(file, error);
    }
  }

  /**
   * A damaged checksum key would look like a file without one: what the metadata holds besides is known.
   */
  private async check(file: string, keys: readonly string[]): Promise<void> {
    if (await verifySafetensors(file)) return;
    const { metadata } = await withSafetensors(file, async (opened) => opened);
    const unknown = Object.keys(metadata).find(
      (key) => key !== CHECKSUM_KEY && !keys.includes(key),
    );
    if (unknown !== undefined) throw this.damaged(file);
  }

  private damaged(file: string, cause?: unknown): Error {
    return new Error(`"${file}" is damaged, as its checksum shows: ${this.mend}.`, { cause });
  }
}

async function withSafetensors<T>(
  file: string,
  action: (opened: WeightsFile) => Promise<T>,
): Promise<T> {
  const opened = await openSafetensors(file);
  try {
    return await action(opened);
  } finally {
    await opened.close();
  }
}
