import { realpathSync } from 'node:fs';
import { createRequire } from 'node:module';
import { readManifest } from './manifest';

const TFJS = '@tensorflow/tfjs';

/**
 * What this application gives to its plugins: everything of the project that they may import, and tfjs.
 * One process needs one copy, because tensors of a second tfjs belong to another engine.
 */
export const HOST_PACKAGES: readonly string[] = [
  '@ar-distill/backbone-kit',
  '@ar-distill/checkpoints',
  '@ar-distill/core',
  '@ar-distill/nn',
  '@ar-distill/program',
  TFJS,
];

/** The packages that tfjs consists of: the host's tfjs has them, whoever imports them by name. */
const TFJS_PARTS = ['backend-cpu', 'backend-webgl', 'converter', 'core', 'data', 'layers'].map(
  (part) => `${TFJS}-${part}`,
);

/** By package name, the file from which this application's copy is found. */
export type HostFiles = Readonly<Record<string, string>>;

/** Everything that is given to plugins. */
export function hostFiles(): HostFiles {
  const tfjs = manifestSeenFrom(__filename, TFJS) ?? __filename;
  return Object.fromEntries([
    ...HOST_PACKAGES.map((name) => [name, __filename]),
    ...TFJS_PARTS.map((name) => [name, tfjs]),
  ]);
}

/** The version of this application's copy; undefined when it has none. */
export function hostVersion(packageName: string): string | undefined {
  const file = manifestSeenFrom(__filename, packageName);
  return file === undefined ? undefined : readManifest(file).version;
}

/** The package.json of the copy that Node finds from a file; undefined when it finds none. */
export function manifestSeenFrom(file: string, packageName: string): string | undefined {
  try {
    return realpathSync(createRequire(file).resolve(`${packageName}/package.json`));
  } catch {
    return undefined;
  }
}
