/** What npm allows in a name; nothing that could leave a folder. */
const PLUGIN_NAMES = [
  /^@ar-distill\/plugin-[\w.~-]+$/,
  /^ar-distill-plugin-[\w.~-]+$/,
  /^@[\w~-][\w.~-]*\/ar-distill-plugin-[\w.~-]+$/,
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
  /** The entry is what `require(request)` finds from the file `requiredFrom`. */
  readonly requiredFrom: string;
  readonly request: string;
}

/** A plugin that is there or should be, but cannot be used. */
export interface PluginProblem {
  /** One sentence: what is wrong, and the mend. */
  readonly message: string;
  /** The plugin's npm name, when it is known. */
  readonly packageName?: string;
  /** Names of the presets that are not there because of it, as far as they are known. */
  readonly presets?: readonly string[];
}
