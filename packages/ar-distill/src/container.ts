import { join } from 'node:path';
import {
  type ContainerOptions as PlacesAndEngine,
  createContainer as createContainerOf,
  ENGINE_BACKENDS,
  type ServiceContainer,
  type TypedContainer,
  unknownName,
} from '@ar-distill/di';
import { InvalidOptionError } from '@ar-distill/workflows';

/** Whose plugins are used, and how the engine runs. */
export interface ContainerOptions extends Omit<PlacesAndEngine, 'application' | 'cwd'> {
  /** Folder of the project whose plugins are used; default: the working folder. */
  readonly cwd?: string;
}

const PROVIDERS: readonly string[] = ['cpu', 'cuda', 'webgpu'];

/** The container that workflows work with: plugins of the project and those that come with this package. */
export function createContainer({
  cwd = process.cwd(),
  ...options
}: ContainerOptions = {}): TypedContainer {
  // The folder of this package, from its sources as well as built.
  return createContainerOf({ ...options, cwd, application: join(__dirname, '..') });
}

/**
 * Checks how the engine is to run: it starts late, when a run directory is there already.
 * @throws InvalidOptionError when there is no such backend or provider, or no such number of threads.
 */
export function checkEngine(
  container: ServiceContainer,
  { backend, provider, threads }: NonNullable<ContainerOptions['engine']>,
): void {
  const backends = container.resolveAll(ENGINE_BACKENDS).map(({ name }) => name);
  if (backend !== undefined && !backends.includes(backend)) {
    throw new InvalidOptionError(unknownName('engine backend', backend, backends));
  }
  if (provider !== undefined && !PROVIDERS.includes(provider)) {
    throw new InvalidOptionError(unknownName('execution provider', provider, PROVIDERS));
  }
  if (threads !== undefined && !(Number.isSafeInteger(threads) && threads > 0)) {
    throw new InvalidOptionError(
      `The number of threads must be a whole number above 0, not ${threads}.`,
    );
  }
}
