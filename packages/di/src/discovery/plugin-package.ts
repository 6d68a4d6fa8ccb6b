const PLUGIN_NAMES = [
  /^@ar-distill\/plugin-[^/]+$/,
  /^ar-distill-plugin-[^/]+$/,
  /^@[^/]+\/ar-distill-plugin-[^/]+$/,
];

/**
 * Whether an npm package offers a plugin, by its name alone: `@ar-distill/plugin-*`,
 * `ar-distill-plugin-*` or `@*\/ar-distill-plugin-*`.
 */
export function isPluginPackageName(name: string): boolean {
  return PLUGIN_NAMES.some((pattern) => pattern.test(name));
}

/** An installed package whose name says that it is a plugin; it has not been loaded yet. */
export interface PluginPackage {
  /** npm name. */
  readonly packageName: string;
  /** Its folder, all links followed. */
  readonly directory: string;
  /** The `node_modules` folder that it was found in. */
  readonly nodeModules: string;
}
