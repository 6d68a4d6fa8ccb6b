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
