import { fileURLToPath, pathToFileURL } from 'node:url';
import { hostOfImport, type HostTable } from './resolve-from-host';

// The resolution of `import` before Node 22.15 is customised on a thread of its own, which loads this
// module: https://nodejs.org/docs/latest-v20.x/api/module.html#customization-hooks

interface Context {
  readonly parentURL?: string | undefined;
}

let table: HostTable | undefined;

/** Node calls it with the `data` of `module.register`. */
export function initialize(data: HostTable): void {
  table = data;
}

/** Node calls it for every import. */
export function resolve<Result>(
  specifier: string,
  context: Context,
  next: (specifier: string, context: Context) => Result,
): Result {
  const { parentURL } = context;
  const importer = parentURL?.startsWith('file:') ? fileURLToPath(parentURL) : undefined;
  const host = table && hostOfImport(table, specifier, importer);
  return next(
    specifier,
    host === undefined ? context : { ...context, parentURL: pathToFileURL(host).href },
  );
}
