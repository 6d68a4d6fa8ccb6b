export { createContainer, type ContainerOptions } from './container/create-container';
export type { ServiceContainer, Token } from './container/service-container';
export {
  BACKBONES,
  DATASETS,
  ENGINE,
  ENGINE_BACKENDS,
  FEATURE_NETWORKS,
  METHODS,
  METRICS,
  MODEL_EXPORTER,
  PLUGIN_PROBLEMS,
  PLUGINS,
  PRESETS,
  PROGRESS,
  RNG_FACTORY,
  RUN_DIRECTORIES,
  STEP_COMPILER,
  type Contribution,
  type EngineBackend,
  type RunDirectories,
} from './container/tokens';
export { TypedContainer } from './container/typed-container';
export { importPlugins } from './discovery/discover-plugins';
export type { PluginPlaces } from './discovery/find-plugin-packages';
export type { PluginProblem } from './discovery/plugin-package';
export type { InstalledPlugin } from './discovery/load-plugin';
export { loadPluginFolder } from './discovery/load-plugin-folder';
export { strayPluginError } from './discovery/stray-error';
export { findNamed, unknownName } from './lookup/find-named';
export { findPreset, type FoundPreset } from './lookup/find-preset';
export { nearestName } from './lookup/nearest-name';
export { isPluginPackageName } from './discovery/plugin-package';
