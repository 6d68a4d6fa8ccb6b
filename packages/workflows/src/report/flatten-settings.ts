/** Nested settings under dotted names, for a table; items of a list of settings are numbered from 1. */
export function flattenSettings(settings: object, prefix = ''): Record<string, string | number> {
  return Object.fromEntries(
    Object.entries(settings).flatMap(([key, value]: [string, unknown]) => {
      const name = prefix + key;
      if (Array.isArray(value) && !value.some(isObject)) return [[name, value.join(' → ')]];
      if (isObject(value)) {
        return Object.entries(
          flattenSettings(Array.isArray(value) ? numbered(value) : value, `${name}.`),
        );
      }
      return [[name, typeof value === 'number' ? value : String(value)]];
    }),
  );
}

function isObject(value: unknown): value is object {
  return typeof value === 'object' && value !== null;
}

function numbered(items: readonly unknown[]): Record<string, unknown> {
  return Object.fromEntries(items.map((item, index) => [`${index + 1}`, item]));
}
