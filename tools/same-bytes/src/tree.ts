/** Nested keys and values, as a YAML file holds them. */
export type Tree = { readonly [key: string]: unknown };

/** Whether `value` has keys of its own. */
export function isTree(value: unknown): value is Tree {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** All values of a tree that have no keys, by their dotted paths. */
export function leaves(tree: Tree, prefix = ''): [path: string, value: unknown][] {
  return Object.entries(tree).flatMap(([key, value]): [string, unknown][] =>
    isTree(value) ? leaves(value, `${prefix}${key}.`) : [[`${prefix}${key}`, value]],
  );
}

/** What stands at a dotted path; undefined when nothing does. */
export function valueAt(tree: Tree, path: string): unknown {
  return path
    .split('.')
    .reduce<unknown>((value, key) => (isTree(value) ? value[key] : undefined), tree);
}

/** A copy with `value` at the dotted path; undefined takes the key out. */
export function withValue(tree: Tree, path: string, value: unknown): Tree {
  const [first = '', ...rest] = path.split('.');
  const inner = tree[first];
  const changed = rest.length
    ? withValue(isTree(inner) ? inner : {}, rest.join('.'), value)
    : value;
  return Object.fromEntries(
    Object.entries({ ...tree, [first]: changed }).filter(([, kept]) => kept !== undefined),
  );
}

/** The tree with what stands at `from` (dotted, as is `to`) at `to`; as it is when nothing does. */
export function moved(tree: Tree, from: string, to: string): Tree {
  const value = valueAt(tree, from);
  return value === undefined ? tree : withValue(withValue(tree, from, undefined), to, value);
}

/** JSON whose keys are sorted: equal trees give equal text. */
export function canonicalJson(tree: Tree): string {
  return JSON.stringify(tree, (_key, value: unknown) =>
    isTree(value)
      ? Object.fromEntries(Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1)))
      : value,
  );
}
