/** What was compiled, by its key, until all of it is disposed of. */
export class KeptPrograms<T extends { dispose(): Promise<void> }> {
  private readonly programs = new Map<string, Promise<T>>();
  private disposed = false;

  /** @throws Error when everything has been disposed of. */
  assertOpen(): void {
    if (this.disposed) throw new Error('This model has been disposed of: open it again.');
  }

  /** The program of a key; `open` makes it the first time. */
  get(key: string, open: () => Promise<T>): Promise<T> {
    this.assertOpen();
    const known = this.programs.get(key);
    if (known) return known;
    const opened = open();
    this.programs.set(key, opened);
    // What could not be opened is tried again by the next call.
    opened.catch(() => this.programs.delete(key));
    return opened;
  }

  async dispose(): Promise<void> {
    this.disposed = true;
    const opened = [...this.programs.values()];
    this.programs.clear();
    // One that could not be opened has told its caller, and leaves nothing to end.
    for (const program of await Promise.allSettled(opened)) {
      if (program.status === 'fulfilled') await program.value.dispose();
    }
  }
}
