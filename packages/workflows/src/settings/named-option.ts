import { unknownName } from '@ar-distill/di';
import { InvalidOptionError } from '../errors';

/**
 * The one of the name that an option gives.
 * @param kind what it is, for the error: "data set".
 * @throws InvalidOptionError with "did you mean", or the names that there are.
 */
export function namedOption<T extends { readonly name: string }>(
  kind: string,
  all: readonly T[],
  name: string,
): T {
  const found = all.find((one) => one.name === name);
  if (found) return found;
  const known = all.map((one) => one.name);
  throw new InvalidOptionError(unknownName(kind, name, known));
}
