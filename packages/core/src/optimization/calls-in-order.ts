/**
 * Results of calls that are all under way. Waits for every one of them, also when some fail, so that
 * nothing runs on behind the caller's back and no failure goes unheard; then throws the failure of
 * the first call that has one, in the order given.
 */
export async function callsInOrder<T extends readonly unknown[]>(
  calls: readonly [...{ [K in keyof T]: Promise<T[K]> }],
): Promise<{ -readonly [K in keyof T]: T[K] }> {
  const outcomes = await Promise.allSettled(calls);
  const failure = outcomes.find(({ status }) => status === 'rejected');
  if (failure?.status === 'rejected') throw failure.reason;
  return Promise.all(calls);
}
