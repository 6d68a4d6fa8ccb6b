import { existsSync } from 'node:fs';
import { dirname, extname, join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { types } from 'node:util';
import { readManifest } from './manifest';

/** Entries that `import` has loaded, with all that they import: `require` gives the same modules. */
const imported = new Set<string>();

/** Whether Node would load a file as an ES module. */
export function isEsModule(file: string): boolean {
  const extension = extname(file);
  if (extension !== '.js') return extension === '.mjs';
  for (let folder = dirname(file); ; folder = dirname(folder)) {
    const manifest = join(folder, 'package.json');
    if (existsSync(manifest)) return readManifest(manifest).type === 'module';
    if (dirname(folder) === folder) return false;
  }
}

/** Loads an ES module through `import`, whose resolution every Node can customise. */
export async function importFirst(file: string): Promise<void> {
  const loaded: unknown = await import(pathToFileURL(file).href);
  if (types.isModuleNamespaceObject(loaded)) imported.add(file);
}

export function wasImported(file: string): boolean {
  return imported.has(file);
}
