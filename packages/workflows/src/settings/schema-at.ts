import type { z } from 'zod';

/**
 * The schema of the value at a path; undefined where a schema expects no object with that key. Schemas
 * that a plugin made with a zod of its own are read as well.
 */
export function schemaAt(
  schema: z.core.$ZodType,
  [key, ...rest]: readonly PropertyKey[],
): z.core.$ZodType | undefined {
  if (key === undefined) return schema;
  const element = elementOf(schema);
  if (element && typeof key === 'number') return schemaAt(element, rest);
  const shape = shapeOf(schema);
  const name = String(key);
  return shape && Object.hasOwn(shape, name) ? schemaAt(shape[name]!, rest) : undefined;
}

/** Keys of the object that a schema expects at a path; none when it expects no object there. */
export function knownKeys(schema: z.core.$ZodType, path: readonly PropertyKey[]): string[] {
  const found = schemaAt(schema, path);
  return Object.keys((found && shapeOf(found)) ?? {});
}

/** The schemas of the keys of an object; undefined when another value is expected. */
function shapeOf(schema: z.core.$ZodType): z.core.$ZodShape | undefined {
  const def = expected(schema);
  return def.type === 'object' ? def.shape : undefined;
}

/** The schema of the elements of a list; undefined when another value is expected. */
function elementOf(schema: z.core.$ZodType): z.core.$ZodType | undefined {
  const def = expected(schema);
  return def.type === 'array' ? def.element : undefined;
}

/** What is expected where a value is there. */
function expected(schema: z.core.$ZodType): z.core.$ZodTypes['_zod']['def'] {
  const { def } = (schema as z.core.$ZodTypes)._zod;
  switch (def.type) {
    case 'optional':
    case 'nullable':
    case 'default':
    case 'prefault':
    case 'readonly':
      return expected(def.innerType);
    case 'pipe':
      return expected(def.in);
    default:
      return def;
  }
}
