import { adaptationSettingsSchema, BUILT_IN_METHODS } from '@ar-distill/core/methods';
import { supervisedSettingsSchema } from '@ar-distill/core/optimization';
import type { z } from 'zod';
import { configuredCommands } from './configured-commands';
import { code, pageOf, plain, sentence, table } from './markdown';
import { PLUGINS } from './plugins';
import { presetKeys } from './preset-keys';
import { presetTables } from './preset-tables';
import { schemaRows } from './schema-rows';

const INTRODUCTION = `# Configuration

<!-- Written by npm run docs:reference from the schemas. -->

What a command works with comes, in this order, from the flags, from the file of \`--config\`, from the preset and
from the defaults below. A config file has the options of its command in camel case; hyper-parameters stand in it
under \`settings\`, at any depth, those of a teacher's adaptation under \`adaptation\` and sizes of networks under
\`architecture\`. On the command line the same are \`--set tuning.batchSize=32\`, \`--set
adaptation.heldOut=500\` and \`--set architecture.headDepth=1\`. A key that is not known, and one that would do
nothing, is an error before anything starts.

\`\`\`sh
ar-distill init --preset mnist-var --out distill.yaml   # every setting under what it means
ar-distill distill --config distill.yaml --dry-run
ar-distill distill --preset var-d16 --print-config      # all settings, and what they add up to
\`\`\`

A number N in a key is the place in a list, from 0. A list is given as a whole: \`--set "stepWeights=[3,1]"\`.`;

interface SettingsSection {
  readonly heading: string;
  /** A sentence. */
  readonly says: string;
  readonly schema: z.core.$ZodType;
}

const SECTIONS: readonly SettingsSection[] = [
  ...BUILT_IN_METHODS.map(({ name, summary, settingsSchema }) => ({
    heading: `Settings of the method ${name}`,
    says: sentence(summary),
    schema: settingsSchema,
  })),
  {
    heading: 'Settings of an adaptation',
    says: 'Of `adapt`, and under `adaptation` of `distill`, where the teacher reads tokens.',
    schema: adaptationSettingsSchema,
  },
  {
    heading: 'Settings of a training',
    says: 'Of `train tokenizer`, `train teacher` and `train features`.',
    schema: supervisedSettingsSchema,
  },
  ...PLUGINS.flatMap(({ backbones = [] }) => backbones).map(
    ({ name, summary, architectureSchema }) => ({
      heading: `Architecture of the backbone ${name}`,
      says: sentence(summary),
      schema: architectureSchema,
    }),
  ),
];

/** Every key of settings and architectures that the page has. */
export function configuredKeys(): string[] {
  return SECTIONS.flatMap(({ schema }) => schemaRows(schema).map(({ key }) => key));
}

/**
 * The page of all keys that config files, presets and `--set` have.
 * @param root folder of the repository.
 */
export function configurationPage(root: string): Promise<string> {
  return pageOf([
    INTRODUCTION,
    '## Options in config files',
    ...configuredCommands().map(({ path, rows }) =>
      [
        `### Config files of ${path}`,
        table(
          ['key', 'value', 'meaning'],
          rows.map(({ key, value, description = '' }) => [code(key), value, plain(description)]),
        ),
      ].join('\n\n'),
    ),
    ...SECTIONS.map(settingsSection),
    '## Keys of a preset',
    'What a plugin writes for a preset of its own; [own data](own-data.md) has one.',
    presetKeys(root),
    ...presetTables(PLUGINS),
  ]);
}

function settingsSection({ heading, says, schema }: SettingsSection): string {
  const rows = schemaRows(schema).map(
    ({ key, value, defaultValue, required, description = '' }) => [
      code(key),
      value,
      defaultValue ?? (required ? "the preset's" : '–'),
      plain(description),
    ],
  );
  return [`## ${heading}`, says, table(['key', 'value', 'default', 'meaning'], rows)].join('\n\n');
}
