import { lstatSync, mkdirSync, mkdtempSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { basename, dirname, join, resolve } from 'node:path';
import { pluginFiles } from './plugin-files';
import { messageOf, UsageError } from './errors';

/** What is said of a folder that is there already. */
export function folderTaken(folder: string): UsageError {
  return new UsageError(
    `There is a "${folder}" already: remove it, or name another folder with --dir.`,
  );
}

/**
 * Writes the plugin `name` to `folder`, whole or not at all: its files are written beside it first.
 * @throws UsageError when the name is none for a plugin or the folder is there; nothing is written then.
 * @throws Error saying why the file system refuses; what had been written is removed.
 */
export function writePlugin(name: string, folder: string): void {
  const files = pluginFiles(name);
  const target = resolve(folder);
  try {
    if (lstatSync(target, { throwIfNoEntry: false })) throw folderTaken(folder);
    mkdirSync(dirname(target), { recursive: true });
    writeWhole(files, target);
  } catch (error) {
    if (error instanceof UsageError) throw error;
    const [reason = ''] = messageOf(error).split(',');
    throw new Error(
      `The plugin cannot be written to "${folder}" (${reason}): name another folder with --dir.`,
      { cause: error },
    );
  }
}

function writeWhole(files: Readonly<Record<string, string>>, target: string): void {
  const beside = mkdtempSync(join(dirname(target), `.${basename(target)}-`));
  try {
    const made = join(beside, 'plugin');
    for (const [path, text] of Object.entries(files)) {
      const file = join(made, path);
      mkdirSync(dirname(file), { recursive: true });
      writeFileSync(file, text);
    }
    renameSync(made, target);
  } finally {
    rmSync(beside, { recursive: true, force: true });
  }
}
