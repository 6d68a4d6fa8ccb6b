import { resolve } from 'node:path';
import type { CommonOptions } from '../config/schemas';
import { flagOf } from '../config/resolve-options';
import type { CliEnvironment } from './environment';
import { shellLine } from './shell-words';

/** A command of this program as a shell reads it, to be copied. */
export function commandLine(
  { cwd, variables }: Pick<CliEnvironment, 'cwd' | 'variables'>,
  { pluginsDir }: Pick<CommonOptions, 'pluginsDir'>,
  words: readonly string[],
): string {
  // npx and npm's scripts run what no shell would find.
  const program = variables['npm_command'] ? ['npx', 'ar-distill'] : ['ar-distill'];
  const plugins = pluginsDir === undefined ? [] : ['--plugins-dir', resolve(cwd, pluginsDir)];
  return shellLine([...program, ...words, ...plugins]);
}

/** Options as the words of a command line; those without a value are left out. */
export function optionWords(
  options: Readonly<Record<string, string | number | boolean | undefined>>,
): string[] {
  return Object.entries(options).flatMap(([name, value]) => {
    if (value === undefined || value === false) return [];
    return value === true ? [flagOf([name])] : [flagOf([name]), String(value)];
  });
}
