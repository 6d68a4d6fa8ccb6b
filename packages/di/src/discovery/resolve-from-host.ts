import { sep } from 'node:path';
import type { HostFiles } from './host-packages';

/** Whose imports are answered by the host, and from where. */
export interface HostTable {
  /** Folders of packages, all links followed. */
  readonly folders: readonly string[];
  readonly hosts: HostFiles;
}

/**
 * The file from which an import is to be resolved instead of the one that it stands in; undefined when
 * it goes its usual way.
 *
 * @param specifier - what is imported.
 * @param importer - path of the file that imports it.
 */
export function hostOfImport(
  { folders, hosts }: HostTable,
  specifier: string,
  importer: string | null | undefined,
): string | undefined {
  const name = specifier.split('/', specifier.startsWith('@') ? 2 : 1).join('/');
  if (!importer || !Object.hasOwn(hosts, name)) return undefined;
  return folders.some((folder) => isOwnFile(folder, importer)) ? hosts[name] : undefined;
}

/** Whether a file is of the package in a folder, not of one that is installed inside of it. */
function isOwnFile(folder: string, file: string): boolean {
  return (
    file.startsWith(folder + sep) && !file.slice(folder.length).includes(`${sep}node_modules${sep}`)
  );
}
