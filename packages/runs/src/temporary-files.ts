import { isTemporaryFile } from '@ar-distill/checkpoints';
import { readdir, rm } from 'node:fs/promises';
import path from 'node:path';

/** Removes what a killed process left half written in a folder, at any depth. */
export async function removeTemporaryFiles(folder: string): Promise<void> {
  for (const entry of await readdir(folder, { recursive: true, withFileTypes: true })) {
    if (entry.isFile() && isTemporaryFile(entry.name)) {
      await rm(path.join(entry.parentPath, entry.name), { force: true });
    }
  }
}
