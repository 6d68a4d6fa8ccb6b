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

function wrong(name: string, expected: string, value: Attribute): Error {
  return new Error(`The attribute "${name}" must be ${expected}, not ${JSON.stringify(value)}.`);
}
