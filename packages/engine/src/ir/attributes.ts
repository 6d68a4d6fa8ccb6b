import type { Attribute, Attributes } from './types';

/** A numeric attribute; throws naming it when it is something else. */
export function numberAttribute(attributes: Attributes, name: string, fallback?: number): number {
  const value = attributes[name] ?? fallback;
  if (typeof value !== 'number') throw wrong(name, 'a number', value);
  return value;
}

/** A list of numbers; a single number counts as a list of one. */
export function numbersAttribute(attributes: Attributes, name: string): number[] {
  const value = attributes[name];
  if (typeof value === 'number') return [value];
  if (!Array.isArray(value)) throw wrong(name, 'a list of numbers', value);
  return value.map((element: Attribute) => {
    if (typeof element !== 'number') throw wrong(name, 'a list of numbers', value);
    return element;
  });
}

/** A list of numbers, a number, or nothing. */
export function axesAttribute(
  attributes: Attributes,
  name: string,
): number | readonly number[] | undefined {
  const value = attributes[name];
  return value === undefined || value === null ? undefined : numbersAttribute(attributes, name);
}

/** A boolean attribute, false when it is missing. */
export function flagAttribute(attributes: Attributes, name: string): boolean {
  return attributes[name] === true;
}

/**
 * Text that is equal for equal attributes and for no others: JSON has no ±Infinity, NaN and −0, and
 * takes a missing element of a list for null. The order of the names counts for nothing, and one that
 * is undefined is one that is missing: no rule can tell them apart.
 * @throws Error naming an attribute of another type, such as a function.
 */
export function attributesKey(attributes: Attributes): string {
  return Object.keys(attributes)
    .filter((name) => attributes[name] !== undefined)
    .sort()
    .map((name) => `${JSON.stringify(name)}=${attributeKey(name, attributes[name])}`)
    .join();
}

/** A number as text that tells −0 from 0, which its own text does not. */
export function numberKey(value: number): string {
  return Object.is(value, -0) ? '-0' : String(value);
}

function attributeKey(name: string, value: unknown): string {
  if (typeof value === 'number') return numberKey(value);
  if (typeof value === 'string') return JSON.stringify(value);
  if (typeof value === 'boolean' || value === null || value === undefined) return String(value);
  if (Array.isArray(value)) return listKey(name, value);
  // Beyond the types, tfjs passes on what it is given.
  if (value instanceof Float32Array) return `float32${listKey(name, value)}`;
  if (value instanceof Int32Array) return `int32${listKey(name, value)}`;
  if (value instanceof Uint8Array) return `uint8${listKey(name, value)}`;
  throw wrong(name, 'a number, a string, a boolean or a list of them', value);
}

/** Holes of a list are undefined elements. */
function listKey(name: string, list: ArrayLike<unknown>): string {
  return `[${Array.from(list, (element) => attributeKey(name, element)).join()}]`;
}

function wrong(name: string, expected: string, value: unknown): Error {
  const text =
    typeof value === 'function' ? 'a function' : (JSON.stringify(value) ?? String(value));
  return new Error(`The attribute "${name}" must be ${expected}, not ${text}.`);
}
