import { existsSync, readFileSync } from 'node:fs';
import { mkdir, readdir } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { complaint, runProcess } from './child-process';

/** Compilers of C++ that take the same options. */
const COMPILERS = ['c++', 'g++', 'clang++'] as const;

/** Version of Node's C interface that the binding is written for. */
const NODE_API = 8;

/** Where the parts of the binding are. */
export interface BindingParts {
  /** Folder with the C++ files. */
  readonly sources: string;
  /** Folders of headers: TensorFlow's and Node's. */
  readonly headers: readonly string[];
  /** Folder of TensorFlow's libraries. */
  readonly libraries: string;
  /** The libraries' path from the folder of the result, which finds them when it is loaded. */
  readonly librariesFromResult: string;
  /** The file that is made. */
  readonly result: string;
}

/**
 * The compiler to use: `$CXX`, or the first that is installed.
 * @throws Error saying how to get one.
 */
export async function findCompiler(
  variables: Readonly<Record<string, string | undefined>> = process.env,
  signal?: AbortSignal,
): Promise<string> {
  const named = variables['CXX'];
  for (const compiler of named ? [named] : COMPILERS) {
    const result = await runProcess(compiler, ['--version'], { signal });
    if (result?.code === 0) return compiler;
  }
  throw new Error(
    named
      ? `The C++ compiler "${named}" that CXX names does not start: name another, or unset CXX.`
      : 'There is no C++ compiler to build the binding with: install one (Debian: apt-get install g++; Fedora: dnf install gcc-c++).',
  );
}

/** Folder of the headers that came with Node, if they did: others may have been left by another Node. */
export function ownNodeHeaders(node = process.execPath): string | undefined {
  const folder = join(dirname(dirname(node)), 'include', 'node');
  const version = join(folder, 'node_version.h');
  if (!existsSync(join(folder, 'node_api.h')) || !existsSync(version)) return undefined;
  const [, major] = /^#define NODE_MAJOR_VERSION (\d+)$/m.exec(readFileSync(version, 'utf8')) ?? [];
  return major === process.versions.node.split('.')[0] ? folder : undefined;
}

/**
 * Compiles and links the binding.
 * @throws Error with the first complaint of the compiler.
 */
export async function compileBinding(
  compiler: string,
  { sources, headers, libraries, librariesFromResult, result }: BindingParts,
  signal?: AbortSignal,
): Promise<void> {
  const files = (await readdir(sources)).filter((name) => name.endsWith('.cc')).sort();
  const names = (await readdir(libraries)).filter((name) => /\.so(?:\.\d+)*$/.test(name)).sort();
  await mkdir(dirname(result), { recursive: true });
  const compiled = await runProcess(
    compiler,
    [
      ...['-std=c++17', '-O2', '-fPIC', '-shared', '-w'],
      `-DNAPI_VERSION=${NODE_API}`,
      ...headers.map((folder) => `-I${folder}`),
      ...files.map((name) => join(sources, name)),
      `-L${libraries}`,
      ...names.map((name) => `-l:${name}`),
      `-Wl,-rpath,$ORIGIN/${librariesFromResult}`,
      ...['-o', result],
    ],
    { signal, variables: { LC_ALL: 'C' } },
  );
  if (compiled?.code !== 0) {
    throw new Error(
      `The binding cannot be compiled with ${compiler} (${complaint(compiled, /\berror\b/)}): install a newer compiler, or name one with CXX.`,
    );
  }
}
