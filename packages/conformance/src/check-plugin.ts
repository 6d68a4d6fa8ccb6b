import type { Backbone, PluginDefinition } from '@ar-distill/core';
import { elementCount } from '@ar-distill/program';
import { requireThat } from './assertions';
import { CheckRun, type CheckRunOptions } from './check';
import { BACKBONE_RULES, runBackboneChecks } from './check-backbone';
import { declarationChecks } from './declaration-checks';
import { featureChecks } from './feature-checks';
import { counted } from './listening';
import { presetChecks } from './preset-checks';
import type { ConformanceResult } from './results';
import type { ConformanceOptions } from './subject';

/** How a plugin is checked. */
export interface PluginOptions extends ConformanceOptions {
  /** Preset whose architecture its backbone is checked with, in place of the smallest that there is. */
  readonly preset?: string | undefined;
}

const ARCHITECTURE = { id: 'chosen', name: 'there is an architecture to check it with' };

/**
 * Checks a whole plugin: what it declares, its presets with their files, its feature networks, and every
 * backbone as `checkBackbone` does, with its `smallArchitecture` or else with that of its smallest preset.
 * @throws RangeError when there is no preset of the name, and what the signal was aborted with.
 */
export async function checkPlugin(
  plugin: PluginDefinition,
  options: PluginOptions,
): Promise<ConformanceResult[]> {
  const { backbones = [], featureNetworks = [], datasets = [], presets = {} } = plugin;
  const { preset, rng, compiler } = options;
  if (preset !== undefined && !Object.hasOwn(presets, preset)) {
    const known = Object.keys(presets).join(', ') || 'none';
    throw new RangeError(`The plugin has no preset "${preset}": it has ${known}.`);
  }
  const listening = counted(options, ruleCount(plugin));
  const declarations = new CheckRun('plugin', listening);
  await declarations.runAll(declarationChecks, plugin);
  const results = declarations.results;
  for (const [name, own] of Object.entries(presets)) {
    const run = new CheckRun(`preset "${name}"`, listening);
    await run.runAll(presetChecks, { plugin, preset: own });
    results.push(...run.results);
  }
  for (const provider of featureNetworks) {
    const run = new CheckRun(`feature network "${provider.name}"`, listening);
    const dataset = datasets.find(({ name }) => name === provider.training?.dataset);
    await run.runAll(featureChecks, { provider, dataset, rng, compiler });
    results.push(...run.results);
  }
  for (const backbone of backbones) {
    results.push(...(await checkOwnBackbone(plugin, backbone, options, listening)));
  }
  return results;
}

function ruleCount({ presets, featureNetworks, backbones }: PluginDefinition): number {
  return (
    declarationChecks.length +
    Object.keys(presets ?? {}).length * presetChecks.length +
    (featureNetworks ?? []).length * featureChecks.length +
    (backbones ?? []).length * (1 + BACKBONE_RULES.length)
  );
}

async function checkOwnBackbone(
  plugin: PluginDefinition,
  backbone: Backbone,
  options: PluginOptions,
  listening: CheckRunOptions,
): Promise<readonly ConformanceResult[]> {
  const run = new CheckRun(`backbone "${backbone.name}"`, listening);
  const chosen = await run.make({
    ...ARCHITECTURE,
    make: () => ({ architecture: architectureFor(plugin, backbone, options.preset) }),
  });
  if (!chosen) {
    run.skip(
      BACKBONE_RULES.map((name) => ({ name })),
      ARCHITECTURE.id,
    );
    return run.results;
  }
  const rest = await runBackboneChecks(backbone, chosen.architecture, options, listening);
  return [...run.results, ...rest];
}

function architectureFor(
  { presets = {} }: PluginDefinition,
  backbone: Backbone,
  wanted: string | undefined,
): unknown {
  const own = Object.entries(presets).filter(([, preset]) => preset.backbone === backbone.name);
  const named = own.find(([name]) => name === wanted);
  if (named) return named[1].architecture;
  if (backbone.smallArchitecture !== undefined) return backbone.smallArchitecture;
  const [smallest] = own
    .map(([, { architecture }]) => ({ architecture, size: sizeOf(backbone, architecture) }))
    .sort((a, b) => a.size - b.size);
  requireThat(
    smallest !== undefined,
    'It has neither a smallArchitecture nor a preset in this plugin: give it one of them.',
  );
  return smallest.architecture;
}

/** Parameters of the network; as many as can be where it cannot be made, which later checks say. */
function sizeOf(backbone: Backbone, architecture: unknown): number {
  try {
    const parsed = backbone.architectureSchema.parse(architecture);
    const { parameterSpecs } = backbone.createNetwork(parsed);
    return Object.values(parameterSpecs).reduce((sum, { shape }) => sum + elementCount(shape), 0);
  } catch {
    return Number.MAX_SAFE_INTEGER;
  }
}
