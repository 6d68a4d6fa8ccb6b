import * as schemas from '../../../packages/ar-distill/src/config/schemas';
import type { z } from 'zod';
import { namedCommands, type NamedCommand, programIn } from './commands';
import { type SchemaRow, schemaRows } from './schema-rows';

/** What the config file of a command may hold. */
const SCHEMAS: Readonly<Record<string, z.core.$ZodType>> = {
  'train tokenizer': schemas.tokenizerSchema,
  'train teacher': schemas.teacherSchema,
  'train features': schemas.featuresSchema,
  adapt: schemas.adaptSchema,
  distill: schemas.distillSchema,
  sample: schemas.sampleSchema,
  eval: schemas.evaluateSchema,
  export: schemas.exportSchema,
  play: schemas.playSchema,
};

/** The `--config` of `import` has keys of an architecture. */
const OTHER_CONFIGS = ['import'];

/** A command that takes its options from a config file, and the keys that such a file may have. */
export interface ConfiguredCommand {
  readonly path: string;
  readonly rows: readonly SchemaRow[];
}

/**
 * Every command with a config file.
 * @throws Error when the schema of one is not in the table above.
 */
export function configuredCommands(): ConfiguredCommand[] {
  return namedCommands(programIn(__dirname))
    .filter(({ path, command }) => takesConfig(command) && !OTHER_CONFIGS.includes(path))
    .map(({ path, command }) => {
      const schema = SCHEMAS[path];
      if (!schema) throw new Error(`Say in this table which schema "${path} --config" has.`);
      return {
        path,
        rows: schemaRows(schema).map((row) => ({
          ...row,
          description: meaningOf(command, row.key) ?? row.description,
        })),
      };
    });
}

function takesConfig(command: NamedCommand['command']): boolean {
  return command.options.some(({ long }) => long === '--config');
}

/** What the flag of a key says, or the argument of its name. */
function meaningOf(command: NamedCommand['command'], key: string): string | undefined {
  // `settings` are typed one by one.
  const name = key === 'settings' ? 'set' : key;
  const option = command.options.find((one) => one.attributeName() === name);
  if (option) return option.negate ? `false: ${option.description}` : option.description;
  return command.registeredArguments.find((argument) => argument.name() === name)?.description;
}
