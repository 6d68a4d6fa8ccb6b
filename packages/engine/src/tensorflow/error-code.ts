/**
 * The code of a system error (`ENOENT`, `EEXIST`, …). Told by its form: errors of another realm (a test
 * environment's) are no `instanceof Error`.
 */
export function errorCode(error: unknown): string | undefined {
  if (typeof error !== 'object' || error === null || !('code' in error)) return undefined;
  return typeof error.code === 'string' ? error.code : undefined;
}
