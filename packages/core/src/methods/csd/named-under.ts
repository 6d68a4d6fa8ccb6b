/** The entries with `name/` before their keys. */
export function under<T>(name: string, entries: Readonly<Record<string, T>>): Record<string, T> {
  return Object.fromEntries(
    Object.entries(entries).map(([key, value]) => [`${name}/${key}`, value]),
  );
}

/** The entries whose keys begin with `name/`, without it. */
export function foundUnder<T>(
  name: string,
  entries: Readonly<Record<string, T>>,
): Record<string, T> {
  const prefix = `${name}/`;
  return Object.fromEntries(
    Object.entries(entries)
      .filter(([key]) => key.startsWith(prefix))
      .map(([key, value]) => [key.slice(prefix.length), value]),
  );
}
