import { unknownName } from '@ar-distill/di';
import { InvalidOptionError } from '@ar-distill/workflows';

/**
 * Checks that options are an object without other names than these, which JavaScript would pass over.
 * @throws InvalidOptionError naming the option that is none.
 */
export function checkOptionNames(options: unknown, names: readonly string[]): void {
  if (typeof options !== 'object' || options === null) {
    throw new InvalidOptionError(
      `Options are an object, such as { ${names[0]}: … }, not ${String(options)}.`,
    );
  }
  const unknown = Object.keys(options).find((name) => !names.includes(name));
  if (unknown !== undefined) throw new InvalidOptionError(unknownName('option', unknown, names));
}
