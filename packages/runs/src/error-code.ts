/**
 * Whether something thrown is a system error of that code (`ENOENT`, `EEXIST`, …).
 * Told by its form: errors of another realm (a test environment's) are no `instanceof Error`.
 */
export function hasCode(error: unknown, code: string): boolean {
  return typeof error === 'object' && error !== null && 'code' in error && error.code === code;
}
