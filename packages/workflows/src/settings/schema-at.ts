import type { z } from 'zod';

/**
 * The schema of the value at a path; undefined where a schema expects no object with that key. Schemas
 * that a plugin made with a zod of its own are read as well.
 */
export function schemaAt(
  schema: z.core.$ZodType,
  path: readonly string[],
): z.core.$ZodType | undefined {
  const [key, ...rest] = path;
  if (key === undefined) return schema;
  const { def } = (schema as z.core.$ZodTypes)._zod;
  switch (def.type) {
    case 'optional':
    case 'nullable':
    case 'default':
    case 'prefault':
    case 'readonly':
      return schemaAt(def.innerType, path);
    case 'pipe':
      return schemaAt(def.in, path);
    case 'object':
      return Object.hasOwn(def.shape, key) ? schemaAt(def.shape[key]!, rest) : undefined;
    default:
      return undefined;
  }
}
