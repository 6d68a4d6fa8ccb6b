import { fileURLToPath } from 'node:url';

/** A place in a file that the stack of an error names. */
export interface StackPlace {
  readonly file: string;
  /** `:3:7`, or `:3` in the first line of a syntax error. */
  readonly position: string;
}

/** The places in the stack of what was thrown, from the innermost outwards; none for what has no stack. */
export function stackPlaces(error: unknown): StackPlace[] {
  // Errors of the module system belong to another realm in some test runners: told by their form.
  const stack: unknown = typeof error === 'object' && error !== null && Reflect.get(error, 'stack');
  if (typeof stack !== 'string') return [];
  return stack.split('\n').flatMap((line) => {
    const [, place = '', position = ''] =
      /((?:file:\/\/|\/|[A-Za-z]:\\).*?)((?::\d+){1,2})\)?$/.exec(line) ?? [];
    if (place === '') return [];
    return [{ file: place.startsWith('file://') ? fileURLToPath(place) : place, position }];
  });
}
