import { resolve } from 'node:path';
import { printableLine } from '@ar-distill/core';
import {
  PLUGIN_PROBLEMS,
  PROGRESS,
  type ServiceContainer,
  type TypedContainer,
} from '@ar-distill/di';
import { createProgressReporter } from '@ar-distill/runs';
import type { Tree, WorkflowOptions } from '@ar-distill/workflows';
import { withSource } from '../config/setting-source';
import type { CommonOptions } from '../config/schemas';
import { checkEngine, importPlugins } from '../container';
import { InterruptedError } from '../errors';
import { oneSentence } from '../sentences/one-sentence';
import type { CliEnvironment, CommandEnvironment } from './environment';
import type { ForgottenOptions } from './interruption';
import { printEvent } from './print-event';
import { Stopping } from './stopping';
import { inColour } from './terminal';

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
 *
 * @param flags what the command line gave: a setting that is wrong is blamed on it, or on its file.
 */
export async function withWorkflow<T>(
  env: CommandEnvironment,
  options: ForgottenOptions,
  workflow: (container: ServiceContainer, run: WorkflowOptions) => Promise<T>,
  flags: Tree = {},
): Promise<T> {
  const container = await openContainer(env, options);
  const stopping = new Stopping(env, options, container);
  const progress = createProgressReporter(env.stderr, env.variables);
  try {
    for (const { message } of container.resolveAll(PLUGIN_PROBLEMS)) {
      const warning = printableLine(`Warning: ${oneSentence(message)}`);
      env.stderr.write(`${inColour('yellow', warning, env.stderr, env.variables)}\n`);
    }
    container.registerValue(PROGRESS, progress);
    const result = await workflow(container, {
      signal: stopping.signal,
      onEvent: (event) => {
        stopping.watch(event);
        printEvent(event, env.stdout);
      },
    });
    if (stopping.signal.aborted) throw new InterruptedError('Interrupted when all was done.');
    return result;
  } catch (error) {
    if (!stopping.signal.aborted) throw withSource(error, flags, env.cwd);
    if (error instanceof InterruptedError) throw error;
    throw stopping.interruption(error);
  } finally {
    progress.close();
    await stopping.dispose();
  }
}
