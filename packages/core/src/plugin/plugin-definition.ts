import type { Backbone } from './backbone';
import type { DatasetProvider } from './dataset-provider';
import type { DistillationMethod } from './distillation-method';
import type { FeatureNetworkProvider } from './feature-network';
import type { Metric } from './metric';
import type { Preset } from './preset';

/** Version of the contract below; a plugin built for another one is refused with a sentence. */
export const PLUGIN_CONTRACT_VERSION = 2;

/** Everything a plugin contributes; made of declarations and factories, so nothing runs on import. */
export interface PluginDefinition {
  readonly contractVersion: typeof PLUGIN_CONTRACT_VERSION;
  /** Short name: `var` for `@ar-distill/plugin-var`. */
  readonly name: string;
  readonly summary: string;
  readonly backbones?: readonly Backbone[];
  readonly presets?: Readonly<Record<string, Preset>>;
  readonly datasets?: readonly DatasetProvider[];
  readonly featureNetworks?: readonly FeatureNetworkProvider[];
  readonly metrics?: readonly Metric[];
  readonly methods?: readonly DistillationMethod[];
}

/** Names of plugins and of what they contribute. */
const NAME = /^[a-z][a-z0-9-]*$/;

/** Gives every plugin the same form: fills the contract version and checks the names. */
export function definePlugin(
  definition: Omit<PluginDefinition, 'contractVersion'>,
): PluginDefinition {
  const {
    backbones = [],
    datasets = [],
    featureNetworks = [],
    metrics = [],
    methods = [],
  } = definition;
  const contributed = [...backbones, ...datasets, ...featureNetworks, ...metrics, ...methods];
  for (const own of [definition.name, ...contributed.map(({ name }) => name)]) {
    if (!NAME.test(own)) {
      throw new Error(`The name "${own}" must be lower-case letters, digits and hyphens.`);
    }
  }
  return { ...definition, contractVersion: PLUGIN_CONTRACT_VERSION };
}
