import {
  type Backbone,
  definePlugin,
  PLUGIN_CONTRACT_VERSION,
  type PluginDefinition,
} from '@ar-distill/core';
import { requireFile, requireThat } from './assertions';
import type { Check } from './check';

/** Rules of what a plugin says of itself. */
export const declarationChecks: readonly Check<PluginDefinition>[] = [
  {
    id: 'contract',
    name: 'the version of the contract',
    run: ({ contractVersion }) =>
      requireThat(
        contractVersion === PLUGIN_CONTRACT_VERSION,
        `The contract version is ${String(contractVersion)} instead of ${PLUGIN_CONTRACT_VERSION}.`,
      ),
  },
  {
    id: 'names',
    name: 'names',
    needs: ['contract'],
    run: (plugin) => {
      definePlugin(plugin);
      for (const [kind, names] of Object.entries(contributedNames(plugin))) {
        const twice = names.find((name, i) => names.indexOf(name) !== i);
        requireThat(twice === undefined, `Two ${kind} have the name "${twice}".`);
      }
    },
  },
  {
    id: 'pytorch',
    name: 'the PyTorch files of its backbones exist',
    run: ({ backbones = [] }) => {
      for (const backbone of backbones) {
        for (const file of pytorchFilesOf(backbone)) {
          requireFile(`PyTorch file of "${backbone.name}"`, file);
        }
      }
    },
    exempts: ({ backbones = [] }) =>
      backbones.some((backbone) => pytorchFilesOf(backbone).length > 0)
        ? undefined
        : 'its backbones have none',
  },
];

function pytorchFilesOf({
  pytorchFiles = [],
  pytorchFilesOfMethods = {},
}: Backbone): readonly string[] {
  return [...pytorchFiles, ...Object.values(pytorchFilesOfMethods).flat()];
}

function contributedNames(plugin: PluginDefinition): Record<string, readonly string[]> {
  const { backbones, datasets, featureNetworks, metrics, methods } = plugin;
  const kinds = { backbones, datasets, 'feature networks': featureNetworks, metrics, methods };
  return Object.fromEntries(
    Object.entries(kinds).map(([kind, parts]) => [kind, parts?.map(({ name }) => name) ?? []]),
  );
}
