import { PLUGIN_CONTRACT_VERSION, type PluginDefinition } from '@ar-distill/core';
import { PluginError } from './plugin-error';

const REQUIRED = {
  name: 'string',
  summary: 'string',
  architectureSchema: 'object',
  presets: 'object',
  createTeacher: 'function',
  createNetwork: 'function',
} as const;

const OPTIONAL_FACTORIES = [
  'createTokenizer',
  'createTokenizerTask',
  'createTeacherTask',
  'recognizeCheckpoint',
] as const;

const ADAPTATION_PARTS = [
  'isNeeded',
  'adaptedArchitecture',
  'createRegressionTask',
  'adaptedWeights',
  'createFineTuningTask',
] as const;

const PRESET_PARTS = ['architecture', 'teacherSampling', 'distillation'] as const;

/**
 * The plugin that a module exports, as its default export or as `plugin` (a CommonJS module may also
 * be the plugin itself), with its form checked as far as that goes without calling it.
 *
 * @throws PluginError naming `packageName` and what is wrong.
 */
export function pluginOfModule(loaded: unknown, packageName: string): PluginDefinition {
  const candidates = [property(loaded, 'default'), property(loaded, 'plugin'), loaded];
  const candidate = candidates.find((value) => property(value, 'contractVersion') !== undefined);
  if (!candidate) {
    throw new PluginError(
      `The package "${packageName}" exports no plugin: its entry must export the result of ` +
        'definePlugin(…) as the default export or as "plugin".',
    );
  }
  const problem = problemOf(candidate);
  if (problem) throw new PluginError(`The plugin "${packageName}" ${problem}.`);
  return candidate as PluginDefinition;
}

function problemOf(candidate: unknown): string | undefined {
  const version = property(candidate, 'contractVersion');
  if (version !== PLUGIN_CONTRACT_VERSION) {
    return (
      `was built for version ${String(version)} of the plugin contract, but this application has ` +
      `version ${PLUGIN_CONTRACT_VERSION}: install matching versions of both`
    );
  }
  for (const [key, type] of Object.entries(REQUIRED)) {
    const value = property(candidate, key);
    if (typeof value !== type || value === null) return `needs "${key}" to be a ${type}`;
  }
  for (const key of OPTIONAL_FACTORIES) {
    const value = property(candidate, key);
    if (value !== undefined && typeof value !== 'function') {
      return `needs "${key}" to be a function or absent`;
    }
  }
  const adaptation = property(candidate, 'adaptation');
  if (adaptation !== undefined) {
    const missing = ADAPTATION_PARTS.find(
      (part) => typeof property(adaptation, part) !== 'function',
    );
    if (missing) return `needs "adaptation.${missing}" to be a function`;
  }
  const name = String(property(candidate, 'name'));
  if (!/^[a-z][a-z0-9-]*$/.test(name)) {
    return `has the name "${name}", which must be lower-case letters, digits and hyphens`;
  }
  return presetProblemOf(property(candidate, 'presets'));
}

function presetProblemOf(presets: unknown): string | undefined {
  for (const [name, preset] of Object.entries(presets as object)) {
    const missing = PRESET_PARTS.find((part) => property(preset, part) === undefined);
    if (missing) return `has the preset "${name}" without "${missing}"`;
  }
  return undefined;
}

/** A property of anything that may have some. */
function property(value: unknown, key: string): unknown {
  const holder = (typeof value === 'object' && value !== null) || typeof value === 'function';
  return holder ? Reflect.get(value, key) : undefined;
}
