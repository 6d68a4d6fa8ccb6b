import { resolve } from 'node:path';
import {
  PLUGIN_PROBLEMS,
  PROGRESS,
  type ServiceContainer,
  type TypedContainer,
} from '@ar-distill/di';
import { createProgressReporter, onInterrupt } from '@ar-distill/runs';
import type { WorkflowOptions } from '@ar-distill/workflows';
import type { CommonOptions } from '../config/schemas';
import { checkEngine, importPlugins } from '../container';
import { InterruptedError } from '../errors';
import type { CliEnvironment } from './environment';
import { printEvent } from './print-event';

/**
 * The container that the common options describe.
 * @throws InvalidOptionError when there is no such backend.
 */
export async function openContainer(
  env: CliEnvironment,
  options: CommonOptions,
): Promise<TypedContainer> {
  const { threads, backend, provider, pluginsDir } = options;
  const engine = {
    ...(threads === undefined ? {} : { threads }),
    ...(backend === undefined ? {} : { backend }),
    ...(provider === undefined ? {} : { provider }),
  };
  const places = {
    cwd: env.cwd,
    pluginFolders: pluginsDir === undefined ? [] : [resolve(env.cwd, pluginsDir)],
  };
  await importPlugins(places);
  const container = env.createContainer({ ...places, engine });
  checkEngine(container, engine);
  return container;
}

/**
 * Runs a workflow with a container of its own, shows its progress and prints its events. Ctrl-C aborts
 * its signal; however it ends then, the command ends as interrupted.
 */
export async function withWorkflow<T>(
  env: CliEnvironment,
  options: CommonOptions,
  workflow: (container: ServiceContainer, run: WorkflowOptions) => Promise<T>,
): Promise<T> {
  const container = await openContainer(env, options);
  const interrupt = onInterrupt();
  const progress = createProgressReporter();
  try {
    for (const { message } of container.resolveAll(PLUGIN_PROBLEMS)) {
      env.stderr.write(`Warning: ${message}\n`);
    }
    container.registerValue(PROGRESS, progress);
    const result = await workflow(container, {
      signal: interrupt.signal,
      onEvent: (event) => printEvent(event, env.stdout),
    });
    if (interrupt.signal.aborted) throw new InterruptedError('Interrupted.');
    return result;
  } catch (error) {
    if (!interrupt.signal.aborted || error instanceof InterruptedError) throw error;
    const message = error instanceof Error && error.name !== 'AbortError' ? error.message : '';
    throw new InterruptedError(message || 'Interrupted.', { cause: error });
  } finally {
    progress.close();
    interrupt.dispose();
    await container.dispose();
  }
}
