import { existsSync } from 'node:fs';
import { join, resolve } from 'node:path';
import {
  findPreset,
  PLUGIN_PROBLEMS,
  PLUGINS,
  PROGRESS_REPORTER,
  STEP_COMPILER,
  type ApplicationContainer,
} from '@ar-distill/di';
import { isModelDirectory } from '@ar-distill/checkpoints';
import { describeModelDirectory, onInterrupt, RUN_CONFIG } from '@ar-distill/runs';
import type { CommonOptions } from '../config/schemas';
import { InterruptedError } from '../errors';
import { presetOfRun } from '../recipes/run-kinds';
import type { BaseRecipeContext, ImportContext, RecipeContext } from '../recipes/types';
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

/** Options that say which preset a command works on. */
interface PresetOptions extends CommonOptions {
  readonly preset?: string | undefined;
  readonly teacher?: boolean | string | undefined;
  readonly tokenizer?: string | undefined;
  /** Run directories; `weights` may also be a file or a model directory. */
  readonly resume?: string | undefined;
  readonly stage1?: string | undefined;
  readonly weights?: string | undefined;
}

/**
 * Runs a recipe on a preset, which is looked for in all plugins. Without a name it is that of the run
 * that is given, else the preset whose sizes the model directory of the teacher or the tokenizer has.
 */
export async function withPreset<T>(
  env: CliEnvironment,
  options: PresetOptions,
  recipe: (context: RecipeContext) => Promise<T>,
): Promise<T> {
  return inContainer(env, options, async (container, signal) => {
    warnOfPlugins(env, container);
    const name =
      options.preset ??
      presetOfRuns(env, options) ??
      (await presetOfModels(env, options)) ??
      DEFAULT_PRESET;
    const { plugin, presetName } = findPreset(container.resolveAll(PLUGINS), name);
    return recipe({ ...baseContext(env, container, signal), plugin, presetName });
  });
}

/** Runs a recipe that looks at all plugins and runs no network. */
export async function withPlugins<T>(
  env: CliEnvironment,
  options: CommonOptions,
  recipe: (context: ImportContext) => Promise<T>,
): Promise<T> {
  return inContainer(env, options, (container, signal) => {
    warnOfPlugins(env, container);
    return recipe({
      plugins: container.resolveAll(PLUGINS).map(({ definition }) => definition),
      progress: container.resolve(PROGRESS_REPORTER),
      signal,
      print: (line) => void env.stdout.write(`${line}\n`),
    });
  });
}

function warnOfPlugins(env: CliEnvironment, container: ApplicationContainer): void {
  for (const { message } of container.resolveAll(PLUGIN_PROBLEMS)) {
    env.stderr.write(`Warning: ${message}\n`);
  }
}

function presetOfRuns(
  env: CliEnvironment,
  { resume, stage1, weights }: PresetOptions,
): string | undefined {
  const run = resume ?? stage1;
  if (run !== undefined) return presetOfRun(resolve(env.cwd, run));
  const folder = weights === undefined ? undefined : resolve(env.cwd, weights);
  const isRun =
    folder !== undefined && existsSync(join(folder, RUN_CONFIG)) && !isModelDirectory(folder);
  return isRun ? presetOfRun(folder) : undefined;
}

async function presetOfModels(
  env: CliEnvironment,
  { teacher, tokenizer }: PresetOptions,
): Promise<string | undefined> {
  for (const named of [teacher, tokenizer]) {
    if (typeof named !== 'string') continue;
    const folder = resolve(env.cwd, named);
    if (!isModelDirectory(folder)) continue;
    const { plugin, preset } = await describeModelDirectory(folder);
    if (preset !== undefined) return `${plugin}:${preset}`;
  }
  return undefined;
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
