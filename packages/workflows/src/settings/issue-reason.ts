import { nearestName } from '@ar-distill/di';
import type { z } from 'zod';

/** What a schema expects, by zod's name for it. */
const EXPECTED: Readonly<Record<string, string>> = {
  number: 'a number',
  int: 'a whole number',
  string: 'a text',
  boolean: 'true or false',
  array: 'a list',
  tuple: 'a list',
  object: 'an object',
  record: 'an object',
};
/** zod's own words in front of a reason. */
const PREFIX = /^(?:Invalid (?:input|option|string)|Too (?:small|big)): /;
/** Longer values are not repeated. */
const MAX_SHOWN = 40;

/**
 * What a value should be and what it is instead, as the end of a sentence without its full stop:
 * "expected a number above 0, not -5". `value` is what was given; undefined where it is not known.
 */
export function issueReason(issue: z.core.$ZodIssue, value: unknown): string {
  switch (issue.code) {
    case 'invalid_type':
      return `expected ${EXPECTED[issue.expected] ?? issue.expected}${instead(value)}`;
    case 'invalid_value':
      return `expected ${oneOf(issue.values)}${suggestion(issue.values, value)}`;
    case 'too_small':
    case 'too_big':
      return `expected ${bound(issue)}${Array.isArray(value) ? `, not of ${value.length}` : instead(value)}`;
    case 'invalid_union':
      return `expected ${unionOf(issue)}${instead(value)}`;
    default:
      return withoutStop(issue.message);
  }
}

type Bounded = z.core.$ZodIssueTooSmall | z.core.$ZodIssueTooBig;

function bound(issue: Bounded): string {
  const [limit, above] =
    issue.code === 'too_small' ? [issue.minimum, true] : [issue.maximum, false];
  const { origin, inclusive = true } = issue;
  if (origin === 'number' || origin === 'int' || origin === 'bigint') {
    const relation = above ? (inclusive ? 'from' : 'above') : inclusive ? 'up to' : 'below';
    return `a ${origin === 'number' ? '' : 'whole '}number ${relation} ${limit}${above && inclusive ? ' on' : ''}`;
  }
  if (origin === 'string' && above && Number(limit) === 1) return 'a text that is not empty';
  const [whole, part, parts] =
    origin === 'string' ? ['a text', 'character', 'characters'] : ['a list', 'entry', 'entries'];
  return `${whole} of ${limit} ${Number(limit) === 1 ? part : parts} ${above ? 'or more' : 'at most'}`;
}

function unionOf({ errors }: z.core.$ZodIssueInvalidUnion): string {
  const kinds = errors.flatMap(([first]) =>
    first?.code === 'invalid_type' ? [EXPECTED[first.expected] ?? first.expected] : [],
  );
  return kinds.length > 0 ? kinds.join(' or ') : 'another value';
}

function oneOf(values: readonly z.core.util.Primitive[]): string {
  const [last = '', ...others] = values.map((value) => shown(value)).toReversed();
  return others.length > 0 ? `${others.toReversed().join(', ')} or ${last}` : last;
}

function suggestion(values: readonly z.core.util.Primitive[], value: unknown): string {
  const names = values.filter((one) => typeof one === 'string');
  const nearest = typeof value === 'string' ? nearestName(value, names) : undefined;
  return `${instead(value)}${nearest === undefined ? '' : `: did you mean "${nearest}"?`}`;
}

function instead(value: unknown): string {
  return value === undefined ? '' : `, not ${shown(value)}`;
}

function shown(value: unknown): string {
  if (typeof value === 'number' || typeof value === 'bigint') return String(value);
  if (Array.isArray(value)) return 'a list';
  if (typeof value === 'object' && value !== null) return 'an object';
  const text = typeof value === 'string' ? JSON.stringify(value) : String(value);
  return text.length <= MAX_SHOWN ? text : 'a longer text';
}

function withoutStop(message: string): string {
  const reason = message.replace(PREFIX, '').replace(/\.$/, '');
  return reason.charAt(0).toLowerCase() + reason.slice(1);
}
