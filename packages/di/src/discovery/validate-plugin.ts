import { PLUGIN_CONTRACT_VERSION, type PluginDefinition } from '@ar-distill/core';
import { PluginError } from './plugin-error';

/** What a part has to have, told by `typeof`; optional keys may be missing. */
interface Form {
  readonly needed: Readonly<Record<string, 'string' | 'number' | 'object' | 'function'>>;
  readonly optional?: readonly string[];
}

/** The lists that a plugin may contribute, with the name of one entry and its form. */
const CONTRIBUTIONS: Readonly<Record<string, Form & { readonly kind: string }>> = {
  backbones: {
    kind: 'backbone',
    needed: {
      summary: 'string',
      architectureSchema: 'object',
      createTeacher: 'function',
      createNetwork: 'function',
    },
    optional: [
      'createTokenizer',
      'createGenerator',
      'createTokenizerTask',
      'createTeacherTask',
      'fitTokenizer',
      'measureSequences',
      'recognizeCheckpoint',
      'completeArchitecture',
    ],
  },
  datasets: {
    kind: 'data set',
    needed: { imageShape: 'object', classes: 'number', open: 'function' },
  },
  featureNetworks: {
    kind: 'feature network',
    needed: {
      frechetName: 'string',
      definition: 'string',
      outputs: 'object',
      open: 'function',
    },
  },
  metrics: {
    kind: 'metric',
    needed: { title: 'string', unit: 'string', needs: 'object', compute: 'function' },
  },
  methods: {
    kind: 'distillation method',
    needed: { settingsSchema: 'object', quickSettings: 'object', start: 'function' },
  },
};

const PLUGIN: Form = { needed: { name: 'string', summary: 'string' } };
const PRESET: Form = {
  needed: { backbone: 'string', teacherSampling: 'object', methods: 'object' },
};
const ADAPTATION: Form = {
  needed: {
    isNeeded: 'function',
    adaptedArchitecture: 'function',
    createRegressionTask: 'function',
    adaptedWeights: 'function',
    createFineTuningTask: 'function',
    createMatchingTask: 'function',
  },
};
const ARTICLES = {
  string: 'a text',
  number: 'a number',
  object: 'an object',
  function: 'a function',
} as const;
const NAME = /^[a-z][a-z0-9-]*$/;

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
  const problem = formProblem(candidate, PLUGIN, '') ?? nameProblem(candidate, '');
  if (problem) return problem;
  for (const [list, form] of Object.entries(CONTRIBUTIONS)) {
    const entries = property(candidate, list);
    if (entries === undefined) continue;
    if (!Array.isArray(entries)) return `needs "${list}" to be a list or absent`;
    for (const entry of entries) {
      const found = contributionProblem(entry, form);
      if (found) return found;
    }
  }
  return presetsProblem(property(candidate, 'presets'));
}

function contributionProblem(
  entry: unknown,
  form: Form & { readonly kind: string },
): string | undefined {
  const problem = nameProblem(entry, ` of a ${form.kind}`);
  if (problem) return problem;
  const where = ` of the ${form.kind} "${String(property(entry, 'name'))}"`;
  const adaptation = property(entry, 'adaptation');
  return (
    formProblem(entry, form, where) ??
    (adaptation === undefined
      ? undefined
      : formProblem(adaptation, ADAPTATION, ` of the adaptation${where}`))
  );
}

function presetsProblem(presets: unknown): string | undefined {
  if (presets === undefined) return undefined;
  if (typeof presets !== 'object' || presets === null) {
    return 'needs "presets" to be an object or absent';
  }
  for (const [name, preset] of Object.entries(presets)) {
    const where = ` of the preset "${name}"`;
    const problem = formProblem(preset, PRESET, where);
    if (problem) return problem;
    if (property(preset, 'architecture') === undefined) return `needs "architecture"${where}`;
  }
  return undefined;
}

function nameProblem(holder: unknown, where: string): string | undefined {
  const name = property(holder, 'name');
  if (typeof name === 'string' && NAME.test(name)) return undefined;
  return `has the name "${String(name)}"${where}, which must be lower-case letters, digits and hyphens`;
}

function formProblem(holder: unknown, { needed, optional = [] }: Form, where: string) {
  for (const [key, type] of Object.entries(needed)) {
    const value = property(holder, key);
    if (typeof value !== type || value === null)
      return `needs "${key}"${where} to be ${ARTICLES[type]}`;
  }
  const wrong = optional.find((key) => {
    const value = property(holder, key);
    return value !== undefined && typeof value !== 'function';
  });
  return wrong === undefined ? undefined : `needs "${wrong}"${where} to be a function or absent`;
}

/** A property of anything that may have some. */
function property(value: unknown, key: string): unknown {
  const holder = (typeof value === 'object' && value !== null) || typeof value === 'function';
  return holder ? Reflect.get(value, key) : undefined;
}
