export {
  ApplicationContainer,
  type ContainerOptions,
  createContainer,
} from './container/create-container';
export { PLUGINS, PLUGIN_PROBLEMS, PROGRESS_REPORTER, STEP_COMPILER } from './container/tokens';
export type { InstalledPlugin } from './discovery/load-plugin';
export { findPreset } from './presets/find-preset';
