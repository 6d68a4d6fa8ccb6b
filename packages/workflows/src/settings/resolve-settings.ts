import type { z } from 'zod';
import { InvalidSettingError } from '../errors';
import { explainIssue } from './explain-issue';
import { knownKeys } from './schema-at';
import { isTree, mergeTrees, type Tree } from './merge';

/**
 * Settings of something: those of a preset with layers on top, each of which overrides what is below it
 * at every depth.
 *
 * @param whose for the error: "method csd".
 * @throws InvalidSettingError naming the setting that is unknown (with the nearest known one) or wrong;
 *   Error when it is the preset's own.
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
  const explain = (source: string): string =>
    explainIssue(result.error, {
      source: ` of the ${whose}${source}`,
      name: (path) => `The setting "${path.map(String).join('.')}"`,
      knownKeys: (path) => knownKeys(schema, path),
      value: merged,
    });
  const path = pathOf(result.error);
  if (!layers.some((layer) => holds(layer, path)))
    throw new Error(explain(' in the preset itself'));
  throw new InvalidSettingError(path, explain);
}

/** Whether a layer has the setting, or something else in place of one that it would stand in. */
function holds(layer: unknown, [first, ...rest]: readonly string[]): boolean {
  if (first === undefined) return true;
  if (!isTree(layer)) return layer !== undefined;
  return Object.hasOwn(layer, first) && holds(layer[first], rest);
}

/** Where the first thing that is wrong stands; a key that is not known is one of them. */
function pathOf({ issues: [issue] }: z.ZodError): readonly string[] {
  if (!issue) return [];
  const path = issue.path.map(String);
  return issue.code === 'unrecognized_keys' ? [...path, ...issue.keys.slice(0, 1)] : path;
}
