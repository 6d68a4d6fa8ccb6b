import { z } from 'zod';
import type { DeepPartial } from '@ar-distill/workflows';

/**
 * The strict object schema with every key optional at every depth and no defaults, so that what it
 * parses holds exactly the keys that were given: they override a preset's.
 */
export function partialSchema<S extends z.ZodObject>(
  schema: S,
): z.ZodType<DeepPartial<z.input<S>>> {
  return optionalKeys(schema) as z.ZodType<DeepPartial<z.input<S>>>;
}

function optionalKeys(schema: z.ZodObject): z.ZodType {
  const shape: Record<string, z.ZodType> = {};
  for (const [key, field] of Object.entries(schema.shape)) shape[key] = given(field).optional();
  return z.strictObject(shape);
}

function given(field: z.core.$ZodType): z.ZodType {
  if (field instanceof z.ZodDefault || field instanceof z.ZodOptional) return given(field.unwrap());
  if (field instanceof z.ZodObject) return optionalKeys(field);
  if (field instanceof z.ZodType) return field;
  throw new Error('Settings schemas are written with classic zod types.');
}
