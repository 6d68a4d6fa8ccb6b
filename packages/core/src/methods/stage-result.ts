/** What a stage leaves to the stages after it and to the outcome. */
export class StageResult<T> {
  private given: { readonly value: T } | undefined;

  /** `stage`: name of the stage that gives the value. */
  constructor(private readonly stage: string) {}

  give(value: T): void {
    this.given = { value };
  }

  /** @throws Error when the stage has not run yet. */
  get value(): T {
    if (this.given) return this.given.value;
    throw new Error(`The stage "${this.stage}" has not ended: run all stages in their order.`);
  }

  /** Frees the value when nothing needs it any more. */
  forget(): void {
    this.given = undefined;
  }
}
