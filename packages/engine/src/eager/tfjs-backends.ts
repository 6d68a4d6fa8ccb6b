import { createRequire } from 'node:module';
import { join } from 'node:path';
import * as tf from '@tensorflow/tfjs';
import { findBuilds } from '../tensorflow/build-record';
import { tensorflowFolder } from '../tensorflow/places';
import { loadBuild } from './built-tensorflow';
import { restoreOldPredicates } from './old-predicates';

/** tfjs backends that programs can run on without being compiled. */
export type EagerBackend = 'tensorflow' | 'cpu';

/** Packages that bring the `tensorflow` backend where the application has installed them. */
const TENSORFLOW_PACKAGES = ['@tensorflow/tfjs-node-gpu', '@tensorflow/tfjs-node'] as const;

/** How to get the `tensorflow` backend. */
export const INSTALL_TENSORFLOW =
  'ar-distill doctor --install-tensorflow cpu (or gpu, for CUDA) builds it';

/** A place that the `tensorflow` backend is loaded from. */
interface TensorflowPlace {
  /** The folder or the package. */
  readonly name: string;
  /** Whether it can compute with CUDA. */
  readonly forGpu: boolean;
  load(): void;
}

/**
 * Makes the backend known to tfjs. `tensorflow` is loaded from the first of these that there is: what
 * was built into the user's folder; a package of the application's, looked for from the current folder
 * and from here.
 *
 * @param threads of TensorFlow, of which the first to load it decides.
 * @throws Error saying what to install when it is missing, or what went wrong when it does not load.
 */
export function loadBackend(backend: EagerBackend, threads?: number): void {
  if (backend === 'cpu' || tf.findBackendFactory(backend)) return;
  const found = findTensorflow();
  if (!found) throw new Error(`The tensorflow backend is not installed: ${INSTALL_TENSORFLOW}.`);
  restoreOldPredicates();
  setVariables(found, threads);
  const previous = tf.engine().backendName;
  try {
    found.load();
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    const words = reason
      .split('\n', 1)
      .join()
      .replace(/[.\s]+$/, '');
    throw new Error(
      `The tensorflow backend of ${found.name} does not load (${words}): ${INSTALL_TENSORFLOW}.`,
      { cause: error },
    );
  } finally {
    if (previous) tf.setBackend(previous);
  }
  if (!tf.findBackendFactory(backend)) {
    throw new Error(
      `${found.name} registered its backend with another copy of @tensorflow/tfjs: ${INSTALL_TENSORFLOW}.`,
    );
  }
}

/** Where the `tensorflow` backend is loaded from. */
export function findTensorflow(): TensorflowPlace | undefined {
  const [build] = findBuilds(tensorflowFolder());
  if (build) {
    return {
      name: build.folder,
      forGpu: build.variant === 'gpu',
      load: () => loadBuild(build),
    };
  }
  const places = [join(process.cwd(), 'package.json'), __filename];
  for (const name of TENSORFLOW_PACKAGES) {
    for (const place of places) {
      const requireThere = createRequire(place);
      try {
        requireThere.resolve(name);
      } catch {
        continue;
      }
      const forGpu = name === TENSORFLOW_PACKAGES[0];
      return { name, forGpu, load: () => void requireThere(name) };
    }
  }
  return undefined;
}

/** What TensorFlow reads when it is loaded; what the user has set stays. */
function setVariables({ forGpu }: TensorflowPlace, threads: number | undefined): void {
  // It would greet with lines about the processor on stderr, and a build for GPUs complain where there is none.
  process.env['TF_CPP_MIN_LOG_LEVEL'] ??= forGpu ? '3' : '1';
  if (threads !== undefined) process.env['TF_NUM_INTRAOP_THREADS'] ??= String(threads);
}
