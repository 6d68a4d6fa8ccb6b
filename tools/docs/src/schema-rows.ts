import { z } from 'zod';
import { code } from './markdown';

/** What a page says of a key. */
export interface SchemaRow {
  /** From the outside in: `tuning.batchSize`, `phases.N.trains`. */
  readonly key: string;
  /** Type and range, in words. */
  readonly value: string;
  /** In Markdown; undefined where there is none. */
  readonly defaultValue: string | undefined;
  /** Whether it has to be given. */
  readonly required: boolean;
  readonly description: string | undefined;
}

type JsonSchema = z.core.JSONSchema.JSONSchema;

/** Every key that a schema takes, with those of the objects in it and of the elements of lists. */
export function schemaRows(schema: z.core.$ZodType): SchemaRow[] {
  return rowsOf(z.toJSONSchema(schema, { io: 'input', unrepresentable: 'any' }), '');
}

function rowsOf({ properties = {}, required = [] }: JsonSchema, before: string): SchemaRow[] {
  return Object.entries(properties).flatMap(([name, value]) => {
    const schema = objectOf(value);
    const key = before + name;
    const items = objectOf(schema.items);
    // What a group of keys is by default, its own keys say.
    const hasDefault = schema.default !== undefined && !schema.properties;
    return [
      {
        key,
        value: valueText(schema),
        defaultValue: hasDefault ? valueCode(schema.default) : undefined,
        required: required.includes(name),
        description: schema.description,
      },
      ...rowsOf(schema, `${key}.`),
      ...rowsOf(items, `${key}.N.`),
    ];
  });
}

/** A schema that may also be `true`, `false`, a list or nothing. */
function objectOf(schema: JsonSchema['items']): JsonSchema {
  return typeof schema === 'object' && !Array.isArray(schema) ? schema : {};
}

/** A value as `--set` takes it. */
export function valueCode(value: unknown): string {
  return code(typeof value === 'string' ? value : JSON.stringify(value));
}

function valueText(schema: JsonSchema): string {
  if (schema.enum) return schema.enum.map(valueCode).join(', ');
  if (schema.anyOf) return schema.anyOf.map((one) => valueText(objectOf(one))).join(', or ');
  switch (schema.type) {
    case 'integer':
      return withRange('whole number', schema);
    case 'number':
      return withRange('number', schema);
    case 'boolean':
      return '`true`, `false`';
    case 'string':
      return 'text';
    case 'array':
      return listText(schema);
    case 'object':
      return 'keys below';
    default:
      return 'settings';
  }
}

/** zod's own bounds of whole numbers say nothing. */
function withRange(name: string, { minimum, exclusiveMinimum, maximum }: JsonSchema): string {
  const isBound = (value: unknown): boolean =>
    typeof value === 'number' && Math.abs(value) < Number.MAX_SAFE_INTEGER;
  const from = isBound(minimum) ? ` from ${minimum}` : '';
  const above = isBound(exclusiveMinimum) ? ` above ${exclusiveMinimum}` : '';
  const to = isBound(maximum) ? `${above === '' ? '' : ','} up to ${maximum}` : '';
  return name + from + above + to;
}

function listText({ prefixItems, items, minItems, maxItems }: JsonSchema): string {
  if (prefixItems) {
    return `list: ${prefixItems.map((item) => valueText(objectOf(item))).join(', ')}`;
  }
  const least = minItems === undefined ? '' : `, ${minItems} or more`;
  const most = maxItems === undefined ? '' : `, at most ${maxItems}`;
  return `list${least}${most}: ${valueText(objectOf(items))}`;
}
