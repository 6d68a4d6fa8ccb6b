import { types } from 'node:util';

/** Whether something is an error, also one of another realm: workers and test runners have several. */
export function isError(value: unknown): value is Error {
  return value instanceof Error || types.isNativeError(value);
}
