import type { z } from 'zod';
import { InvalidOptionError } from '../errors';
import { explainIssue } from './explain-issue';
import { knownKeys } from './known-keys';
import { isTree, mergeTrees, type Tree } from './merge';

/**
 * Settings of something: those of a preset with layers on top, each of which overrides what is below it
 * at every depth.
 *
 * @param whose for the error: "method csd".
 * @throws InvalidOptionError naming the setting that is unknown (with the nearest known one) or wrong.
 */
export function resolveSettings<S>(
  whose: string,
  schema: z.ZodType<S>,
  preset: unknown,
  ...layers: readonly (Tree | undefined)[]
): S {
  const merged = [preset, ...layers].reduce<Tree>(
    (under, over) => (isTree(over) ? mergeTrees(under, over) : under),
    {},
  );
  const result = schema.safeParse(merged);
  if (result.success) return result.data;
  throw new InvalidOptionError(
    explainIssue(result.error, {
      source: ` of the ${whose}`,
      name: (path) => `The setting "${path.map(String).join('.')}"`,
      knownKeys: (path) => knownKeys(schema, path),
    }),
  );
}
