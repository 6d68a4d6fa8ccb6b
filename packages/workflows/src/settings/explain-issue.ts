import { nearestName } from '@ar-distill/di';
import type { z } from 'zod';
import { issueReason } from './issue-reason';

/** How a value that a schema refused is spoken of. */
export interface IssueWording {
  /** Where the value came from, with a space before it: " on the command line", " in run.yaml". */
  readonly source?: string;
  /** Writes the path of a key as the user wrote it; in quotation marks by default. */
  readonly name?: (path: readonly PropertyKey[]) => string;
  /** Keys that are known at a path, to suggest one for an unknown key. */
  readonly knownKeys?: (path: readonly PropertyKey[]) => readonly string[];
  /** What was given to the schema: the sentence repeats the value that is wrong. */
  readonly value?: unknown;
}

/** One sentence about the first thing that is wrong with a value. */
export function explainIssue(error: z.ZodError, wording: IssueWording = {}): string {
  const { source = '', name = quoted, knownKeys = () => [], value } = wording;
  const [issue, ...others] = error.issues;
  if (!issue) return `The value${source} is not valid.`;
  const more = others.length ? ` (and ${others.length} more)` : '';
  if (issue.code === 'unrecognized_keys') {
    const key = issue.keys[0] ?? '';
    const known = knownKeys(issue.path);
    const suggestion = nearestName(key, known);
    const subject = `${name([...issue.path, key])}${source} is not a known key${more}`;
    if (suggestion !== undefined) {
      return `${subject}: did you mean "${[...issue.path, suggestion].map(String).join('.')}"?`;
    }
    return known.length > 0
      ? `${subject}: known keys are ${known.join(', ')}.`
      : `${subject}: leave it out.`;
  }
  const where = issue.path.length ? `${name(issue.path)}${source}` : `The document${source}`;
  const given = valueAt(value, issue.path);
  if (given === undefined && value !== undefined && issue.code === 'invalid_type') {
    return `${where} is missing${more}: ${issueReason(issue, undefined)}.`;
  }
  const sentence = `${where} is wrong${more}: ${issueReason(issue, given)}`;
  return sentence.endsWith('?') ? sentence : `${sentence}.`;
}

/** The value at a path; undefined where there is none. */
function valueAt(value: unknown, path: readonly PropertyKey[]): unknown {
  return path.reduce<unknown>(
    (holder, key) =>
      typeof holder === 'object' && holder !== null && Object.hasOwn(holder, key)
        ? Reflect.get(holder, key)
        : undefined,
    value,
  );
}

function quoted(path: readonly PropertyKey[]): string {
  return `"${path.map(String).join('.')}"`;
}
