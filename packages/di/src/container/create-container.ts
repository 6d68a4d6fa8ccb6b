import { BUILT_IN_METHODS } from '@ar-distill/core/methods';
import {
  createEngine,
  createModelExporter,
  ENGINE_BACKEND_NAMES,
  type EngineOptions,
} from '@ar-distill/engine';
import { BUILT_IN_METRICS } from '@ar-distill/evaluation';
import { createRng } from '@ar-distill/program';
import { createRun, openRun } from '@ar-distill/runs';
import { discoverPlugins } from '../discovery/discover-plugins';
import type { PluginPlaces } from '../discovery/find-plugin-packages';
import type { InstalledPlugin } from '../discovery/load-plugin';
import { findNamed } from '../lookup/find-named';
import { registerPlugin } from './register-plugin';
import {
  ENGINE,
  ENGINE_BACKENDS,
  METHODS,
  METRICS,
  MODEL_EXPORTER,
  PLUGIN_PROBLEMS,
  PROGRESS,
  RNG_FACTORY,
  RUN_DIRECTORIES,
  STEP_COMPILER,
} from './tokens';
import { TypedContainer } from './typed-container';

/** What an application decides; `PluginPlaces` says whose plugins are run. */
export interface ContainerOptions extends PluginPlaces {
  /** How the engine runs, once something asks for it. */
  readonly engine?: Omit<EngineOptions, 'backend'> & {
    /** Name of one of `ENGINE_BACKENDS`; default `onnxruntime`. */
    readonly backend?: string;
  };
}

/**
 * Discovers the plugins, registers what they contribute, and binds the services. Registering under a
 * service's token again replaces it. What is wrong with a plugin becomes one of `PLUGIN_PROBLEMS`.
 */
export function createContainer(options: ContainerOptions): TypedContainer {
  const container = new TypedContainer();
  for (const method of BUILT_IN_METHODS) {
    container.registerValue(METHODS, { name: method.name, value: method });
  }
  for (const metric of BUILT_IN_METRICS) {
    container.registerValue(METRICS, { name: metric.name, value: metric });
  }
  const { plugins, problems } = discoverPlugins(options);
  for (const plugin of ownFirst(plugins)) registerPlugin(container, plugin);
  for (const problem of problems) container.registerValue(PLUGIN_PROBLEMS, problem);
  bindServices(container, options);
  return container;
}

/** Scope of the project's own packages. */
const OWN_SCOPE = '@ar-distill/';

/** Whoever takes the name of a part of ours is the one that is left out, whatever the plugin is called. */
function ownFirst(plugins: readonly InstalledPlugin[]): readonly InstalledPlugin[] {
  const isOwn = ({ packageName }: InstalledPlugin): boolean => packageName.startsWith(OWN_SCOPE);
  return plugins.toSorted((a, b) => Number(isOwn(b)) - Number(isOwn(a)));
}

function bindServices(container: TypedContainer, { engine = {} }: ContainerOptions): void {
  for (const backend of ENGINE_BACKEND_NAMES) {
    container.registerValue(ENGINE_BACKENDS, {
      name: backend,
      create: (settings) => createEngine({ ...settings, backend }),
    });
  }
  container.registerLazy(
    ENGINE,
    () => {
      const { backend = ENGINE_BACKEND_NAMES[0], ...settings } = engine;
      const backends = container.resolveAll(ENGINE_BACKENDS);
      // The last of a name first: an application replaces a backend by registering it again.
      const named = backends.toReversed().map((value) => ({ name: value.name, value }));
      return findNamed('engine backend', named, backend).value.create(settings);
    },
    (started) => started.dispose(),
  );
  container.registerLazy(STEP_COMPILER, () => container.resolve(ENGINE));
  container.registerLazy(MODEL_EXPORTER, () => createModelExporter({ threads: engine.threads }));
  container.registerValue(PROGRESS, { update: () => undefined, message: () => undefined });
  container.registerValue(RNG_FACTORY, createRng);
  container.registerValue(RUN_DIRECTORIES, { create: createRun, open: openRun });
}
