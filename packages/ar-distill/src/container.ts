import { existsSync, statSync } from 'node:fs';
import { availableParallelism, cpus } from 'node:os';
import { join } from 'node:path';
import { enableProdMode } from '@tensorflow/tfjs';
import {
  type ContainerOptions as PlacesAndEngine,
  createContainer as createContainerOf,
  ENGINE_BACKENDS,
  importPlugins as importPluginsOf,
  type ServiceContainer,
  type TypedContainer,
  unknownName,
} from '@ar-distill/di';
import { describeProvider } from '@ar-distill/engine';
import { InvalidOptionError } from '@ar-distill/workflows';
import { PROVIDERS } from './config/schemas';

/** Whose plugins are used, and how the engine runs. */
export interface ContainerOptions extends Omit<PlacesAndEngine, 'application' | 'cwd'> {
  /** Folder of the project whose plugins are used; default: the working folder. */
  readonly cwd?: string;
}

/** The folder of this package, from its sources as well as built. */
const APPLICATION = join(__dirname, '..');
/** Backends of the engine that would ignore an execution provider, or a number of threads. */
const WITHOUT: Readonly<Record<'execution provider' | 'number of threads', readonly string[]>> = {
  'execution provider': ['tensorflow', 'cpu'],
  'number of threads': ['cpu'],
};

/**
 * The container that workflows work with: plugins of the project and those that come with this package.
 * @throws InvalidOptionError when a folder of plugins is none.
 */
export function createContainer({
  cwd = process.cwd(),
  ...options
}: ContainerOptions = {}): TypedContainer {
  // Keeps TensorFlow.js from advertising its Node binding on the terminal, also when a plugin computes.
  enableProdMode();
  for (const folder of options.pluginFolders ?? []) checkPluginFolder(folder);
  return createContainerOf({ ...options, cwd, application: APPLICATION });
}

/**
 * Loads the plugins that `createContainer` cannot load by itself: before Node 22.15 these are the ES
 * modules that are not installed beside this package.
 */
export async function importPlugins({
  cwd = process.cwd(),
  pluginFolders = [],
}: Pick<ContainerOptions, 'cwd' | 'pluginFolders'> = {}): Promise<void> {
  await importPluginsOf({ cwd, pluginFolders, application: APPLICATION });
}

/**
 * Checks how the engine is to run: it starts late, when a run directory is there already.
 * @throws InvalidOptionError when there is no such backend, when this machine lacks the provider or the
 *   threads, or when the backend would ignore them.
 */
export function checkEngine(
  container: ServiceContainer,
  { backend, provider, threads }: NonNullable<ContainerOptions['engine']>,
): void {
  const backends = container.resolveAll(ENGINE_BACKENDS).map(({ name }) => name);
  if (backend !== undefined && !backends.includes(backend)) {
    throw new InvalidOptionError(unknownName('engine backend', backend, backends));
  }
  if (provider !== undefined) {
    checkTaken(backend, 'execution provider');
    checkProvider(provider);
  }
  if (threads !== undefined) {
    checkTaken(backend, 'number of threads');
    checkThreads(threads);
  }
}

function checkTaken(backend: string | undefined, what: keyof typeof WITHOUT): void {
  if (backend === undefined || !WITHOUT[what].includes(backend)) return;
  throw new InvalidOptionError(
    `The engine backend "${backend}" takes no ${what}: leave it out, or use the backend "onnxruntime".`,
  );
}

/** What the machine lacks is said here and not by ONNX Runtime, when a program is compiled. */
function checkProvider(provider: string): void {
  const known = PROVIDERS.find((name) => name === provider);
  if (!known) {
    throw new InvalidOptionError(unknownName('execution provider', provider, PROVIDERS));
  }
  const { available, detail } = describeProvider(known);
  if (available) return;
  throw new InvalidOptionError(
    `The execution provider "${provider}" cannot be used here: ${detail}.`,
  );
}

/** Threads wait busily for each other, so that many more than there are processors come to no end. */
function checkThreads(threads: number): void {
  if (!(Number.isSafeInteger(threads) && threads > 0)) {
    throw new InvalidOptionError(
      `The number of threads must be a whole number above 0, not ${threads}.`,
    );
  }
  const most = 2 * Math.max(availableParallelism(), cpus().length);
  if (threads <= most) return;
  throw new InvalidOptionError(
    `${threads} threads are too many for this machine: take ${most}, twice its processors, or fewer.`,
  );
}

/** A folder that is not there would be passed over as one without plugins. */
function checkPluginFolder(folder: string): void {
  if (existsSync(folder) && statSync(folder).isDirectory()) return;
  throw new InvalidOptionError(
    `There is no folder "${folder}" to look for plugins in: name one that is there.`,
  );
}
