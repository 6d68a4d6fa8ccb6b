import { z } from 'zod';
import { nearestName } from './nearest-name';

/**
 * One sentence about the first thing that is wrong with a value.
 *
 * @param source where the value came from: "on the command line" or "in <file>".
 * @param name writes the path of a key as the user wrote it.
 */
export function explainIssue(
  error: z.ZodError,
  schema: z.ZodType,
  source: string,
  name: (path: readonly PropertyKey[]) => string = quoted,
): string {
  const [issue, ...others] = error.issues;
  if (!issue) return `The value ${source} is not valid.`;
  const more = others.length ? ` (and ${others.length} more)` : '';
  if (issue.code === 'unrecognized_keys') {
    const key = issue.keys[0] ?? '';
    const suggestion = nearestName(key, keysAt(schema, issue.path));
    const mend = suggestion
      ? `did you mean ${name([...issue.path, suggestion])}?`
      : `known keys are ${keysAt(schema, issue.path).join(', ')}`;
    return `${name([...issue.path, key])} ${source} is not a known key${more}: ${mend}`.replace(
      /[^?]$/,
      '$&.',
    );
  }
  const reason = issue.message.replace(/^Invalid (input|option): /, '');
  const where = issue.path.length ? `${name(issue.path)} ${source}` : `The document ${source}`;
  return `${where} is wrong${more}: ${reason.charAt(0).toLowerCase()}${reason.slice(1)}.`;
}

function quoted(path: readonly PropertyKey[]): string {
  return `"${path.map(String).join('.')}"`;
}

/** Keys of the object that the schema expects at the path. */
function keysAt(schema: z.core.$ZodType, path: readonly PropertyKey[]): string[] {
  if (schema instanceof z.ZodOptional) return keysAt(schema.unwrap(), path);
  if (!(schema instanceof z.ZodObject)) return [];
  const [key, ...rest] = path;
  if (key === undefined) return Object.keys(schema.shape);
  const field: z.core.$ZodType | undefined = schema.shape[String(key)];
  return field ? keysAt(field, rest) : [];
}
