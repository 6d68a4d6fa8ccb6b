/** Does one thing at a time; of what is asked for meanwhile only the last is done. */
export class LatestOnly {
  private next: (() => Promise<void>) | undefined;
  private isRunning = false;

  async run(work: () => Promise<void>): Promise<void> {
    this.next = work;
    if (this.isRunning) return;
    this.isRunning = true;
    try {
      while (this.next) {
        const current = this.next;
        this.next = undefined;
        await current();
      }
    } finally {
      this.isRunning = false;
    }
  }
}
