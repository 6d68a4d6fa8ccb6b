import type { z } from 'zod';
import { explainIssue, knownKeys, mergeTrees, type Tree } from '@ar-distill/workflows';
import { UsageError } from '../errors';
import { loadConfig } from './load-config';

/**
 * The options of a command: those of its `--config` file with the command line's on top.
 *
 * @param flags what the command line gave, keyed as in the schema (plus `config`).
 * @throws UsageError naming the flag, or the file and the key.
 */
export function resolveOptions<T extends object>(
  schema: z.ZodType<T>,
  flags: Tree,
  cwd: string,
): T {
  const { config, ...given } = flags;
  const fromFlags = schema.safeParse(given);
  if (!fromFlags.success) {
    throw new UsageError(
      explainIssue(fromFlags.error, {
        source: ' on the command line',
        name: flagOf,
        knownKeys: (path) => knownKeys(schema, path),
        value: given,
      }),
    );
  }
  if (typeof config !== 'string') return fromFlags.data;
  // The file is checked by itself, so that a flag cannot hide a mistake in it.
  const fromFile = loadConfig(config, cwd, schema);
  return schema.parse(mergeTrees(Object.fromEntries(Object.entries(fromFile)), given));
}

/** An option as users of the command line write it. */
export function flagOf(path: readonly PropertyKey[]): string {
  const [first, ...rest] = path.map(String);
  if (first === undefined) return 'It';
  // No flags have these names: they are typed with --set.
  if (rest.length === 0 && (first === 'adaptation' || first === 'architecture')) {
    return `The setting "${first}"`;
  }
  return (first === 'settings' || first === 'adaptation') && rest.length
    ? `The setting "${rest.join('.')}"`
    : `--${first.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`)}`;
}
