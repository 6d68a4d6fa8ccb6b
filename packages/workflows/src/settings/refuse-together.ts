import { InvalidOptionError } from '../errors';

/** An option beside which others would be taken and ignored. */
export interface Exclusion<Key extends string> {
  readonly option: Key;
  readonly excludes: readonly Key[];
  /** Why, as a main clause: "the images of the file are measured". */
  readonly because: string;
}

/**
 * Refuses options that would have no effect beside others. An option counts as given unless it is
 * undefined or false.
 * @throws InvalidOptionError naming the first such pair, and why.
 */
export function refuseTogether<Key extends string>(
  options: Readonly<Partial<Record<Key, unknown>>>,
  exclusions: readonly Exclusion<Key>[],
): void {
  const isGiven = (key: Key): boolean => options[key] !== undefined && options[key] !== false;
  for (const { option, excludes, because } of exclusions) {
    const other = isGiven(option) ? excludes.find(isGiven) : undefined;
    if (other === undefined) continue;
    throw new InvalidOptionError(
      `"${other}" has no effect beside "${option}", because ${because}: leave one of them out.`,
      { options: [other, option] },
    );
  }
}
