import { rmdir } from 'node:fs/promises';
import path from 'node:path';

/** Removes `folder` and those above it up to `last`, as far as nothing lies in them. */
export async function removeEmptyFolders(folder: string, last: string): Promise<void> {
  try {
    for (let current = path.resolve(folder); ; current = path.dirname(current)) {
      await rmdir(current);
      if (current === path.resolve(last)) return;
    }
  } catch {
    // Something else lies there by now: it stays.
  }
}
