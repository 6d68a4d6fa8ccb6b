import { isDeepStrictEqual } from 'node:util';
import { isTree, type Tree } from './merge';

/** A setting that has two values. */
export interface Difference {
  /** With dots: `tuning.batchSize`. */
  readonly path: string;
  readonly before: unknown;
  readonly after: unknown;
}

/** The settings that differ, by their paths; lists are values. */
export function differencesOf(before: unknown, after: unknown, prefix = ''): Difference[] {
  if (!isTree(before) || !isTree(after)) {
    return isDeepStrictEqual(before, after) ? [] : [{ path: prefix, before, after }];
  }
  const keys = new Set([...Object.keys(before), ...Object.keys(after)]);
  return [...keys].flatMap((key) =>
    differencesOf(valueOf(before, key), valueOf(after, key), prefix ? `${prefix}.${key}` : key),
  );
}

function valueOf(tree: Tree, key: string): unknown {
  return Object.hasOwn(tree, key) ? tree[key] : undefined;
}

/** The settings that both sides have and that differ; in lists of one length, what stands at one place. */
export function changesOf(before: unknown, after: unknown): Difference[] {
  return differencesOf(listsAsTrees(before), listsAsTrees(after)).filter(
    (difference) => difference.before !== undefined && difference.after !== undefined,
  );
}

/** Lists as trees of their length and their values, so that values in them are compared one by one. */
function listsAsTrees(value: unknown): unknown {
  if (Array.isArray(value)) return listsAsTrees({ ...value, length: value.length });
  if (!isTree(value)) return value;
  return Object.fromEntries(Object.entries(value).map(([key, own]) => [key, listsAsTrees(own)]));
}
