import { z } from 'zod';

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

/** What a schema says of the value at a path; undefined where it says nothing. */
export function descriptionAt(
  schema: z.core.$ZodType,
  path: readonly PropertyKey[],
): string | undefined {
  const found = schemaAt(schema, path);
  return found && descriptionOf(found);
}

/** Said of the value itself, or of what its default and the like are put around. */
function descriptionOf(schema: z.core.$ZodType): string | undefined {
  const { description } = z.globalRegistry.get(schema) ?? {};
  if (description !== undefined) return description;
  const inner = innerOf(schema);
  return inner && descriptionOf(inner);
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
  const inner = innerOf(schema);
  return inner ? expected(inner) : defOf(schema);
}

/** The schema that another one is put around: a default, a transformation. */
function innerOf(schema: z.core.$ZodType): z.core.$ZodType | undefined {
  const def = defOf(schema);
  switch (def.type) {
    case 'optional':
    case 'nullable':
    case 'default':
    case 'prefault':
    case 'readonly':
      return def.innerType;
    case 'pipe':
      return def.in;
    default:
      return undefined;
  }
}

function defOf(schema: z.core.$ZodType): z.core.$ZodTypes['_zod']['def'] {
  return (schema as z.core.$ZodTypes)._zod.def;
}
