/** Something that holds memory of the engine. */
interface Disposable {
  dispose(): Promise<void>;
}

/**
 * Calls `work` with a function that takes things into ownership, and disposes of these when it has
 * ended, also when it has failed or was interrupted; what was taken last goes first.
 */
export async function disposing<T>(
  work: (own: <D extends Disposable>(thing: D) => D) => Promise<T>,
): Promise<T> {
  const owned: Disposable[] = [];
  const end = work((thing) => {
    owned.push(thing);
    return thing;
  });
  // What cannot be disposed of after a failure says less than the failure.
  const [ended] = await Promise.allSettled([end]);
  for (const thing of owned.reverse()) {
    const disposal = thing.dispose();
    await (ended.status === 'rejected' ? disposal.catch(() => undefined) : disposal);
  }
  return end;
}
