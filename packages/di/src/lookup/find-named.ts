import { nearestName } from './nearest-name';

/** Something with a name that users write. */
export interface Named {
  readonly name: string;
}

/**
 * The one of that name.
 * @param kind what it is, for the error: "data set".
 * @throws Error with "did you mean" and the names that there are.
 */
export function findNamed<T extends Named>(kind: string, all: readonly T[], name: string): T {
  const found = all.find((one) => one.name === name);
  if (!found)
    throw new Error(
      unknownName(
        kind,
        name,
        all.map((one) => one.name),
      ),
    );
  return found;
}

/** One sentence about a name that is not known. */
export function unknownName(kind: string, name: string, known: readonly string[]): string {
  const nearest = nearestName(name, known);
  if (nearest !== undefined) return `There is no ${kind} "${name}": did you mean "${nearest}"?`;
  return known.length > 0
    ? `There is no ${kind} "${name}": known are ${[...known].sort().join(', ')}.`
    : `There is no ${kind} "${name}", and no installed plugin brings any: install one that does.`;
}
