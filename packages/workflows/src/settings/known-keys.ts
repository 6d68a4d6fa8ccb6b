import type { z } from 'zod';

/**
 * Keys of the object that a schema expects at a path; none when it expects no object there. Schemas
 * that a plugin made with a zod of its own are read as well.
 */
export function knownKeys(schema: z.core.$ZodType, path: readonly PropertyKey[]): string[] {
  const { def } = (schema as z.core.$ZodTypes)._zod;
  switch (def.type) {
    case 'optional':
    case 'nullable':
    case 'default':
    case 'prefault':
    case 'readonly':
      return knownKeys(def.innerType, path);
    case 'pipe':
      return knownKeys(def.in, path);
    case 'object':
      return keysAt(def.shape, path);
    default:
      return [];
  }
}

function keysAt(
  shape: Readonly<Record<string, z.core.$ZodType>>,
  [key, ...rest]: readonly PropertyKey[],
): string[] {
  if (key === undefined) return Object.keys(shape);
  const name = String(key);
  return Object.hasOwn(shape, name) ? knownKeys(shape[name]!, rest) : [];
}
