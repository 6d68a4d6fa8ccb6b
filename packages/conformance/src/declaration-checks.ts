import { definePlugin, PLUGIN_CONTRACT_VERSION, type PluginDefinition } from '@ar-distill/core';
import { requireThat } from './assertions';
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
];

function contributedNames(plugin: PluginDefinition): Record<string, readonly string[]> {
  const { backbones, datasets, featureNetworks, metrics, methods } = plugin;
  const kinds = { backbones, datasets, 'feature networks': featureNetworks, metrics, methods };
  return Object.fromEntries(
    Object.entries(kinds).map(([kind, parts]) => [kind, parts?.map(({ name }) => name) ?? []]),
  );
}
