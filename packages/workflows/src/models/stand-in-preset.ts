import type { Preset } from '@ar-distill/core';
import { findPreset, type FoundPreset, PRESETS, type ServiceContainer } from '@ar-distill/di';
import type { ModelDescription } from '@ar-distill/runs';
import { InvalidOptionError } from '../errors';
import { isTree, type Tree } from '../settings/merge';
import { presetOfFile } from './preset-names';

/** The preset of a model directory. */
export interface ModelPreset {
  readonly found: FoundPreset;
  /** Whether the model has other sizes than the preset, of which only the settings are used. */
  readonly isStandIn: boolean;
}

/**
 * The preset that a model directory names or, when it has the sizes of none, the settings of the one of its
 * backbone that is most like it: neither its weights nor its data set belong to the model.
 * @throws InvalidOptionError when no preset of the backbone is installed; PluginError when the named one
 *   is not.
 */
export function presetOfModel(
  container: ServiceContainer,
  folder: string,
  { plugin, preset, architecture }: ModelDescription,
): ModelPreset {
  if (preset !== undefined) {
    return { found: findPreset(container, presetOfFile(plugin, preset)), isStandIn: false };
  }
  const ofBackbone = container.resolveAll(PRESETS).filter(({ value }) => value.backbone === plugin);
  const [nearest] = ofBackbone.toSorted(
    (a, b) => likeness(b.value, architecture) - likeness(a.value, architecture),
  );
  if (!nearest) {
    throw new InvalidOptionError(
      `The model in "${folder}" is of the backbone "${plugin}", and no preset of it is installed: install the plugin that brings it.`,
    );
  }
  const found = findPreset(container, `${nearest.plugin}:${nearest.name}`);
  return { found: { ...found, preset: settingsOf(found.preset) }, isStandIn: true };
}

function settingsOf({
  summary,
  backbone,
  architecture,
  teacherSampling,
  methods,
  adaptation,
}: Preset): Preset {
  return {
    summary,
    backbone,
    architecture,
    teacherSampling,
    methods,
    ...(adaptation === undefined ? {} : { adaptation }),
  };
}

/** How many keys have the values that the model has. */
function likeness({ architecture }: Preset, model: Tree): number {
  return isTree(architecture) ? equalKeys(architecture, model) : 0;
}

function equalKeys(a: Tree, b: Tree): number {
  return Object.entries(b).reduce((count, [key, value]) => {
    const other = Object.hasOwn(a, key) ? a[key] : undefined;
    if (isTree(value)) return count + (isTree(other) ? equalKeys(other, value) : 0);
    return count + (JSON.stringify(value) === JSON.stringify(other) ? 1 : 0);
  }, 0);
}
