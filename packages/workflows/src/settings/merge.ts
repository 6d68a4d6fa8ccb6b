/** Nested keys and values. */
export type Tree = Readonly<Record<string, unknown>>;

/** `over` on top of `under`: objects are merged at every depth, anything else is replaced. */
export function mergeTrees(under: Tree, over: Tree): Tree {
  const merged: Record<string, unknown> = { ...under };
  for (const [key, value] of Object.entries(over)) {
    const base = Object.hasOwn(under, key) ? under[key] : undefined;
    merged[key] = isTree(base) && isTree(value) ? mergeTrees(base, value) : value;
  }
  return merged;
}

/** Nests a value under a dotted path: `tuning.batchSize` → `{ tuning: { batchSize } }`. */
export function treeOf(path: string, value: unknown): Tree {
  const [first = '', ...rest] = path.split('.');
  return { [first]: rest.length ? treeOf(rest.join('.'), value) : value };
}

function isTree(value: unknown): value is Tree {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
