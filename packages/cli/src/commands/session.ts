import { resolve } from 'node:path';
import {
  findPreset,
  PLUGIN_PROBLEMS,
  PLUGINS,
  PROGRESS_REPORTER,
  STEP_COMPILER,
  type ApplicationContainer,
} from '@ar-distill/di';
import { onInterrupt } from '@ar-distill/runs';
import type { CommonOptions } from '../config/schemas';
import { InterruptedError } from '../errors';
import type { BaseRecipeContext, RecipeContext } from '../recipes/types';
import type { CliEnvironment } from './environment';

/** The preset that commands work on when none is named. */
export const DEFAULT_PRESET = 'mnist-var';

/** The container that the common options describe. */
export function openContainer(env: CliEnvironment, options: CommonOptions): ApplicationContainer {
  const { threads, backend, provider, pluginsDir } = options;
  return env.createContainer({
    cwd: env.cwd,
    pluginFolders: pluginsDir === undefined ? [] : [resolve(env.cwd, pluginsDir)],
    engine: {
      ...(threads === undefined ? {} : { threads }),
      ...(backend === undefined ? {} : { backend }),
      ...(provider === undefined ? {} : { provider }),
    },
  });
}

/**
 * Runs a recipe that works without a plugin. Ctrl-C aborts its signal; however it ends then, the
 * command ends as interrupted.
 */
export async function withBaseContext<T>(
  env: CliEnvironment,
  options: CommonOptions,
  recipe: (context: BaseRecipeContext) => Promise<T>,
): Promise<T> {
  return inContainer(env, options, (container, signal) =>
    recipe(baseContext(env, container, signal)),
  );
}

/** Runs a recipe on a preset, which is looked for in all plugins. */
export async function withPreset<T>(
  env: CliEnvironment,
  options: CommonOptions & { readonly preset?: string | undefined },
  recipe: (context: RecipeContext) => Promise<T>,
): Promise<T> {
  return inContainer(env, options, (container, signal) => {
    for (const { message } of container.resolveAll(PLUGIN_PROBLEMS)) {
      env.stderr.write(`Warning: ${message}\n`);
    }
    const found = findPreset(container.resolveAll(PLUGINS), options.preset ?? DEFAULT_PRESET);
    const { plugin, presetName } = found;
    return recipe({ ...baseContext(env, container, signal), plugin, presetName });
  });
}

function baseContext(
  env: CliEnvironment,
  container: ApplicationContainer,
  signal: AbortSignal,
): BaseRecipeContext {
  return {
    compiler: container.resolve(STEP_COMPILER),
    progress: container.resolve(PROGRESS_REPORTER),
    signal,
    print: (line) => void env.stdout.write(`${line}\n`),
  };
}

async function inContainer<T>(
  env: CliEnvironment,
  options: CommonOptions,
  action: (container: ApplicationContainer, signal: AbortSignal) => Promise<T>,
): Promise<T> {
  const container = openContainer(env, options);
  const interrupt = onInterrupt();
  try {
    const result = await action(container, interrupt.signal);
    if (interrupt.signal.aborted) throw new InterruptedError('Interrupted.');
    return result;
  } catch (error) {
    if (!interrupt.signal.aborted || error instanceof InterruptedError) throw error;
    const message = error instanceof Error && error.name !== 'AbortError' ? error.message : '';
    throw new InterruptedError(message || 'Interrupted.', { cause: error });
  } finally {
    interrupt.dispose();
    await container.dispose();
  }
}
