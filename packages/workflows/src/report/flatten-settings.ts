/** Nested settings under dotted names, for a table. */
export function flattenSettings(settings: object, prefix = ''): Record<string, string | number> {
  return Object.fromEntries(
    Object.entries(settings).flatMap(([key, value]: [string, unknown]) => {
      const name = prefix + key;
      if (Array.isArray(value)) return [[name, value.join(' → ')]];
      if (typeof value === 'object' && value !== null) {
        return Object.entries(flattenSettings(value, `${name}.`));
      }
      return [[name, typeof value === 'number' ? value : String(value)]];
    }),
  );
}
