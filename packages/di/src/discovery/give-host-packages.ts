import Module, { createRequire, register } from 'node:module';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { hostOfImport, type HostTable } from './resolve-from-host';
import type { HostFiles } from './host-packages';

interface ImportContext {
  readonly parentURL?: string | undefined;
}
interface Resolved {
  readonly url: string;
  readonly shortCircuit?: boolean;
}
type NextResolve = (specifier: string, context: ImportContext) => Resolved;
/** `module.registerHooks`, which Node has since 22.15: the types that we build with are older. */
type RegisterHooks = (hooks: {
  resolve(specifier: string, context: ImportContext, next: NextResolve): Resolved;
}) => void;
/** What every `require` asks before Node 22.15. */
type ResolveFilename = (
  request: string,
  parent: { readonly filename?: string | null } | null | undefined,
  ...rest: unknown[]
) => string;

/** Folders whose imports are answered by the host, in this process. */
const served = new Set<string>();
let isHooked = false;

/**
 * From now on, modules of the packages in `folders` that import or require one of `hosts` get this
 * application's copy of it.
 *
 * @param folders - with all links followed.
 */
export function giveHostPackages(folders: readonly string[], hosts: HostFiles): void {
  const added = folders.filter((folder) => !served.has(folder));
  if (added.length === 0) return;
  for (const folder of added) served.add(folder);
  const registerHooks = findRegisterHooks();
  if (registerHooks) {
    if (!isHooked) hookAll(registerHooks, hosts);
  } else {
    if (!isHooked) hookRequire(hosts);
    // The thread of these hooks keeps its own folders.
    const data: HostTable = { folders: added, hosts };
    register(threadHooks(), { data });
  }
  isHooked = true;
}

/**
 * Whether what `require` loads is served completely. Before Node 22.15 it is not, as far as ES modules
 * go: what they import is resolved by the hooks only when they are loaded with `import`.
 */
export function hooksRequiredModules(): boolean {
  return findRegisterHooks() !== undefined;
}

function findRegisterHooks(): RegisterHooks | undefined {
  return Reflect.get(Module, 'registerHooks');
}

/** A module that hands on './thread-hooks', which is CommonJS, and TypeScript when run from its sources. */
function threadHooks(): string {
  const path = JSON.stringify(require.resolve('./thread-hooks'));
  const code = `import { createRequire } from 'node:module';
    export const { initialize, resolve } = createRequire(${path})(${path});`;
  return `data:text/javascript,${encodeURIComponent(code)}`;
}

function hookAll(registerHooks: RegisterHooks, hosts: HostFiles): void {
  registerHooks({
    resolve(specifier, context, next) {
      const { parentURL } = context;
      const importer = parentURL?.startsWith('file:') ? fileURLToPath(parentURL) : undefined;
      const file = fileOfHost(hosts, specifier, importer);
      return file === undefined
        ? next(specifier, context)
        : { url: pathToFileURL(file).href, shortCircuit: true };
    },
  });
}

function hookRequire(hosts: HostFiles): void {
  const resolveFilename: ResolveFilename = Reflect.get(Module, '_resolveFilename');
  const fromHost: ResolveFilename = (request, parent, ...rest) =>
    fileOfHost(hosts, request, parent?.filename) ??
    resolveFilename.call(Module, request, parent, ...rest);
  Reflect.set(Module, '_resolveFilename', fromHost);
}

/** The file of the host that an import means; undefined when it goes its usual way. */
function fileOfHost(
  hosts: HostFiles,
  specifier: string,
  importer: string | null | undefined,
): string | undefined {
  const host = hostOfImport({ folders: [...served], hosts }, specifier, importer);
  return host === undefined ? undefined : createRequire(host).resolve(specifier);
}
