import { existsSync } from 'node:fs';
import { dirname, extname, join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { types } from 'node:util';
import { readManifest } from './manifest';
import { asGuestMeanwhile } from './as-guest';

/** What came of an `import`. */
export type Imported = { readonly module: unknown } | { readonly error: unknown };

/** By the file of the entry. */
const imported = new Map<string, Imported>();

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

/** Loads an ES module through `import`, whose resolution every Node can customise; remembers what came. */
export async function importFirst(file: string): Promise<void> {
  try {
    const load = async (): Promise<unknown> => import(pathToFileURL(file).href);
    const module = await asGuestMeanwhile(load);
    if (types.isModuleNamespaceObject(module)) imported.set(file, { module });
  } catch (error) {
    imported.set(file, { error });
  }
}

/** What came of `importFirst`; undefined when it did not run. */
export function importedFirst(file: string): Imported | undefined {
  return imported.get(file);
}
