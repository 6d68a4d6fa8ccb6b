import { createEngine, type EngineOptions } from '@ar-distill/engine';
import { createProgressReporter, createRng, createRun, openRun } from '@ar-distill/runs';
import { discoverPlugins } from '../discovery/discover-plugins';
import {
  ENGINE,
  PLUGIN_PROBLEMS,
  PLUGINS,
  PROGRESS_REPORTER,
  RNG_FACTORY,
  RUN_DIRECTORIES,
  STEP_COMPILER,
} from './tokens';
import { TypedContainer } from './typed-container';

/** What an application decides. */
export interface ContainerOptions {
  /** Plugins are looked for in the `node_modules` of this folder and of its ancestors. */
  readonly cwd: string;
  /** Further folders to look from; this package's own place is always one. */
  readonly pluginFolders?: readonly string[];
  /** How the engine runs, once something asks for it. */
  readonly engine?: EngineOptions;
}

/** The application's parts, registered under the typed tokens, with an end of life. */
export class ApplicationContainer extends TypedContainer {
  private readonly endings: (() => Promise<void>)[] = [];

  /** Runs `end` on dispose, before the ones that were given earlier. */
  onDispose(end: () => Promise<void>): void {
    this.endings.unshift(end);
  }

  /** Stops what was started (the engine's worker); the process can exit afterwards. */
  async dispose(): Promise<void> {
    for (const end of this.endings.splice(0)) await end();
  }
}

/**
 * Discovers the plugins and binds core's ports to the engine and to run directories.
 *
 * @throws PluginError when two packages register one plugin name.
 */
export function createContainer(options: ContainerOptions): ApplicationContainer {
  const container = new ApplicationContainer();
  const { plugins, problems } = discoverPlugins([
    options.cwd,
    ...(options.pluginFolders ?? []),
    __dirname,
  ]);
  for (const plugin of plugins) container.registerValue(PLUGINS, plugin);
  for (const problem of problems) container.registerValue(PLUGIN_PROBLEMS, problem);
  container.registerLazy(ENGINE, () => {
    const engine = createEngine(options.engine);
    container.onDispose(() => engine.dispose());
    return engine;
  });
  container.registerLazy(STEP_COMPILER, () => container.resolve(ENGINE));
  container.registerLazy(PROGRESS_REPORTER, () => {
    const progress = createProgressReporter();
    container.onDispose(async () => progress.close());
    return progress;
  });
  container.registerValue(RNG_FACTORY, createRng);
  container.registerValue(RUN_DIRECTORIES, { create: createRun, open: openRun });
  return container;
}
