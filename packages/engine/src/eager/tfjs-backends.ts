import { createRequire } from 'node:module';
import { join } from 'node:path';
import * as tf from '@tensorflow/tfjs';

/** tfjs backends that programs can run on without being compiled. */
export type EagerBackend = 'tensorflow' | 'cpu';

/** Optional packages that bring the `tensorflow` backend, the fastest first. */
export const TENSORFLOW_PACKAGES = ['@tensorflow/tfjs-node-gpu', '@tensorflow/tfjs-node'] as const;

/** How to get the `tensorflow` backend. */
export const INSTALL_TENSORFLOW = `npm install ${TENSORFLOW_PACKAGES[1]}@4.22.0 (or ${TENSORFLOW_PACKAGES[0]}@4.22.0 for CUDA)`;

/**
 * Makes the backend known to tfjs; `tensorflow` loads the first installed package that brings it,
 * looked for from the current folder and from here.
 * @throws Error saying what to install when it is missing, or what went wrong when it does not load.
 */
export function loadBackend(backend: EagerBackend): void {
  if (backend === 'cpu' || tf.findBackendFactory(backend)) return;
  const found = findTensorflow();
  if (!found) throw new Error(`The tensorflow backend is not installed: ${INSTALL_TENSORFLOW}.`);
  try {
    found.load();
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    throw new Error(`The tensorflow backend of ${found.name} does not load: ${reason}`, {
      cause: error,
    });
  }
  if (!tf.findBackendFactory(backend)) {
    throw new Error(
      `${found.name} registered its backend with another copy of @tensorflow/tfjs: install version 4.22.0 of both.`,
    );
  }
}

/** The installed package that brings the `tensorflow` backend. */
export function findTensorflow(): { readonly name: string; load(): void } | undefined {
  const places = [join(process.cwd(), 'package.json'), __filename];
  for (const name of TENSORFLOW_PACKAGES) {
    for (const place of places) {
      const requireThere = createRequire(place);
      try {
        requireThere.resolve(name);
      } catch {
        continue;
      }
      return { name, load: () => void requireThere(name) };
    }
  }
  return undefined;
}
