import { isTemporaryFile } from '@ar-distill/checkpoints';
import type { PoolCache } from '@ar-distill/core';
import type { HostTensors } from '@ar-distill/program';
import { existsSync } from 'node:fs';
import { mkdir, readdir } from 'node:fs/promises';
import path from 'node:path';
import type { LockOptions, RunLock } from './run-lock';
import { RunTensors } from './run-tensors';
import { writing } from './system-errors';
import { removeTemporaryFiles } from './temporary-files';
import { waitForLock } from './wait-for-lock';

const EXTENSION = '.safetensors';

/**
 * A folder with parts of one pool, which outlives the runs that read it. Any number of processes read it at
 * a time, and one writes, whose lock is that of a run (`RunLock`). Files are replaced atomically and hold
 * their checksums.
 */
export class PoolFolder implements PoolCache {
  private readonly tensors = new RunTensors('delete it, and its sequences are drawn anew');
  private lock: RunLock | undefined;

  constructor(
    /** Absolute path; the folder need not be there. */
    readonly path: string,
    private readonly waiting: LockOptions = {},
  ) {}

  /** @throws Error naming a file of the folder that is damaged. */
  async check(): Promise<void> {
    if (!existsSync(this.path)) return;
    for (const file of await readdir(this.path)) {
      if (!file.endsWith(EXTENSION) || isTemporaryFile(file)) continue;
      await this.tensors.open(path.join(this.path, file), []);
    }
  }

  /** @throws Error naming the file when it is damaged. */
  async loadArrays(name: string): Promise<HostTensors | undefined> {
    return this.tensors.read(this.fileOf(name));
  }

  /** @throws Error when the folder is not this process's own (`alone`), or not any more. */
  async saveArrays(name: string, arrays: Readonly<HostTensors>): Promise<void> {
    if (!this.lock) throw new Error(`The pool cache "${this.path}" is not locked: save inside "alone".`);
    this.lock.assertHeld();
    await this.tensors.write(this.fileOf(name), arrays);
  }

  async alone<T>(work: () => Promise<T>): Promise<T> {
    await writing(this.path, () => mkdir(this.path, { recursive: true }));
    // Whoever holds it draws the same sequences: they are read when that process is done.
    this.lock = await waitForLock(this.path, { ...this.waiting, subject: 'pool cache' });
    try {
      await removeTemporaryFiles(this.path);
      return await work();
    } finally {
      await this.lock.release();
      this.lock = undefined;
    }
  }

  private fileOf(name: string): string {
    return path.join(this.path, `${name}${EXTENSION}`);
  }
}
