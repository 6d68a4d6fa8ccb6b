import { deepmergeCustom } from 'deepmerge-ts';

/** Nested keys and values. */
export type Tree = Readonly<Record<string, unknown>>;

/**
 * Lists, maps and sets are values here, and a key that is there replaces even when it is undefined.
 */
const merge = deepmergeCustom({
  mergeArrays: false,
  mergeMaps: false,
  mergeSets: false,
  filterValues: false,
});

/** `over` on top of `under`: objects are merged at every depth, anything else is replaced. */
export function mergeTrees(under: Tree, over: Tree): Tree {
  return merge(under, over);
}

/** Nests a value under a dotted path: `tuning.batchSize` → `{ tuning: { batchSize } }`. */
export function treeOf(path: string, value: unknown): Tree {
  const [first = '', ...rest] = path.split('.');
  return { [first]: rest.length ? treeOf(rest.join('.'), value) : value };
}

/** Whether a value has nested keys. */
export function isTree(value: unknown): value is Tree {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
